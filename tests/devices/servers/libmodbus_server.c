/* A Modbus server on libmodbus, for tests and benchmarks.
 *
 *   libmodbus_server tcp PORTS [LIVING]     serves that many free ports of 127.0.0.1
 *   libmodbus_server rtu DEVICE BAUD UNIT   serves one unit of a serial line
 *
 * Prints one line: the ports with blanks between them, or "ready". Each line "PORT_INDEX UNIT" on standard input
 * makes that unit behind that port silent; the end of standard input ends the server. All units behind all ports
 * share one set of tables.
 *
 * With LIVING, "FUNCTION:ADDRESS,..." (3 holding, 4 input), all tables hold 0, and on every 256th read of a place the
 * living registers in it count up by 1. Without it: coil and discrete input n are 1 where n is a multiple of 3; holding and input register n hold
 * n * 7 + 1; from register 1000 on stand the numbers of put_numbers(), in holding and input registers alike.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include <modbus/modbus.h>

#define ENTRIES 60000
#define PORTS_MAX 128
#define UNITS 256
#define SOCKETS_MAX 1024
#define ANSWER_OF_OTHERS_US 50000
#define READS_A_COUNT 256

static modbus_mapping_t *tables;
static unsigned char silent[PORTS_MAX][UNITS];
static int port_of_socket[SOCKETS_MAX];
static int was_for_another;
static int is_live;
static uint32_t reads[2][ENTRIES];
static unsigned char living[2][ENTRIES];

/* The most significant word first. */
static void put_words(uint16_t *at, uint64_t pattern, int words) {
    for (int i = 0; i < words; i++)
        at[i] = (uint16_t)(pattern >> (16 * (words - 1 - i)));
}

static uint32_t pattern_of(float number) {
    uint32_t pattern;
    memcpy(&pattern, &number, sizeof pattern);
    return pattern;
}

static uint16_t swapped(uint16_t word) {
    return (uint16_t)(word << 8 | word >> 8);
}

/* libmodbus 3.1.6 has functions for the four orders of a float, but on a little-endian machine they do not put
 * the orders that their names say; so the orders are written out here. */
static void put_numbers(uint16_t *registers) {
    double wide = -1234567.890625;
    uint64_t pattern;
    registers[1000] = (uint16_t)(int16_t)-12345;
    registers[1001] = 54321;
    put_words(registers + 1002, (uint32_t)(int32_t)-123456789, 2);
    put_words(registers + 1004, 3456789012u, 2);
    put_words(registers + 1006, (uint64_t)(int64_t)-1234567890123456789LL, 4);
    put_words(registers + 1010, 12345678901234567890ULL, 4);
    put_words(registers + 1014, pattern_of(-1234.5f), 2);
    memcpy(&pattern, &wide, sizeof pattern);
    put_words(registers + 1016, pattern, 4);
    registers[1020] = swapped(registers[1015]);
    registers[1021] = swapped(registers[1014]);
    registers[1022] = swapped(registers[1014]);
    registers[1023] = swapped(registers[1015]);
    registers[1024] = registers[1015];
    registers[1025] = registers[1014];
}

static void bring_to_life(const char *list) {
    int function, address, length;
    for (; sscanf(list, "%d:%d%n", &function, &address, &length) == 2; list += length + (list[length] == ','))
        if ((function == 3 || function == 4) && address >= 0 && address < ENTRIES)
            living[function == 4][address] = 1;
}

static void fill_tables(void) {
    tables = modbus_mapping_new(ENTRIES, ENTRIES, ENTRIES, ENTRIES);
    if (tables == NULL) {
        perror("tables");
        exit(1);
    }
    if (is_live)
        return;
    for (int n = 0; n < ENTRIES; n++) {
        tables->tab_bits[n] = tables->tab_input_bits[n] = n % 3 == 0;
        tables->tab_registers[n] = tables->tab_input_registers[n] = (uint16_t)(n * 7 + 1);
    }
    put_numbers(tables->tab_registers);
    put_numbers(tables->tab_input_registers);
}

/* 0 where standard input has ended. */
static int take_order(void) {
    char line[64];
    int port, unit;
    ssize_t length = read(STDIN_FILENO, line, sizeof line - 1);
    if (length <= 0)
        return 0;
    line[length] = '\0';
    if (sscanf(line, "%d %d", &port, &unit) == 2 && port >= 0 && port < PORTS_MAX && unit >= 0 && unit < UNITS)
        silent[port][unit] = 1;
    return 1;
}

static int free_port(modbus_t **context, int *listener) {
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    *context = modbus_new_tcp("127.0.0.1", 0);
    *listener = *context != NULL ? modbus_tcp_listen(*context, 16) : -1;
    if (*listener < 0 || getsockname(*listener, (struct sockaddr *)&address, &size) < 0) {
        fprintf(stderr, "cannot listen: %s\n", modbus_strerror(errno));
        exit(1);
    }
    return ntohs(address.sin_port);
}

/* Lets the living registers of a read count, so that neither side reads the same for ever. */
static void live_on(const uint8_t *pdu) {
    int first = pdu[1] << 8 | pdu[2], end = first + (pdu[3] << 8 | pdu[4]), is_input = pdu[0] == 4;
    uint16_t *table = is_input ? tables->tab_input_registers : tables->tab_registers;
    if ((pdu[0] != 3 && pdu[0] != 4) || end > ENTRIES || ++reads[is_input][first] % READS_A_COUNT != 0)
        return;
    for (int n = first; n < end; n++)
        table[n] += living[is_input][n];
}

/* Answers one request; 0 where the peer is gone. */
static int serve(modbus_t *context, int index) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int length = modbus_receive(context, query);
    int unit = query[modbus_get_header_length(context) - 1];
    was_for_another = length == 0;
    if (length < 0)
        return 0;
    if (length > 0 && !silent[index][unit]) {
        modbus_reply(context, query, length, tables);
        if (is_live)
            live_on(query + modbus_get_header_length(context));
    }
    return 1;
}

static void serve_tcp(int ports) {
    modbus_t *contexts[PORTS_MAX];
    int listeners[PORTS_MAX], last = 0;
    fd_set open_sockets, ready;
    FD_ZERO(&open_sockets);
    FD_SET(STDIN_FILENO, &open_sockets);
    for (int i = 0; i < ports; i++) {
        printf(i + 1 < ports ? "%d " : "%d\n", free_port(&contexts[i], &listeners[i]));
        FD_SET(listeners[i], &open_sockets);
        port_of_socket[listeners[i]] = i;
        last = listeners[i];
    }
    fflush(stdout);
    for (;;) {
        ready = open_sockets;
        if (select(last + 1, &ready, NULL, NULL, NULL) < 0)
            return;
        for (int s = 0; s <= last; s++) {
            int index = port_of_socket[s];
            if (!FD_ISSET(s, &ready))
                continue;
            if (s == STDIN_FILENO) {
                if (!take_order())
                    return;
            } else if (s == listeners[index]) {
                int peer = accept(s, NULL, NULL);
                if (peer < 0 || peer >= SOCKETS_MAX)
                    continue;
                FD_SET(peer, &open_sockets);
                port_of_socket[peer] = index;
                last = peer > last ? peer : last;
            } else {
                modbus_set_socket(contexts[index], s);
                if (!serve(contexts[index], index)) {
                    close(s);
                    FD_CLR(s, &open_sockets);
                }
            }
        }
    }
}

static void serve_rtu(const char *device, int baud, int unit) {
    modbus_t *context = modbus_new_rtu(device, baud, 'N', 8, 1);
    if (context == NULL || modbus_set_slave(context, unit) < 0 || modbus_connect(context) < 0) {
        fprintf(stderr, "cannot open %s: %s\n", device, modbus_strerror(errno));
        exit(1);
    }
    /* After a request to another unit libmodbus takes the next message for that unit's answer. */
    modbus_set_response_timeout(context, 0, ANSWER_OF_OTHERS_US);
    puts("ready");
    fflush(stdout);
    for (;;) {
        fd_set ready;
        int line = modbus_get_socket(context);
        FD_ZERO(&ready);
        FD_SET(line, &ready);
        FD_SET(STDIN_FILENO, &ready);
        if (select(line + 1, &ready, NULL, NULL, NULL) < 0)
            return;
        if (FD_ISSET(STDIN_FILENO, &ready) && !take_order())
            return;
        if (FD_ISSET(line, &ready) && serve(context, 0) && was_for_another)
            serve(context, 0);
    }
}

int main(int count, char **arguments) {
    is_live = count == 4;
    fill_tables();
    if (is_live)
        bring_to_life(arguments[3]);
    if ((count == 3 || count == 4) && strcmp(arguments[1], "tcp") == 0 && atoi(arguments[2]) <= PORTS_MAX)
        serve_tcp(atoi(arguments[2]));
    else if (count == 5 && strcmp(arguments[1], "rtu") == 0)
        serve_rtu(arguments[2], atoi(arguments[3]), atoi(arguments[4]));
    else
        return 2;
    return 0;
}
