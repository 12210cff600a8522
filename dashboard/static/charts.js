// Draws today and tomorrow. One cursor runs through all charts; the readout says every number in words.
import { networkSpecifications } from "./networks.js";
import { scheduleHeight, scheduleLabels, scheduleTraces, scheduleWords } from "./schedule.js";

const HEIGHT = 190;
const MARGIN = { l: 48, r: 10, t: 8, b: 38 };
const PERIOD_MS = 900000;
const EUR_PER_MWH = 1000; // EUR/kWh times this.
const RETRY_MS = 5000;

/** Round steps of 1, 2 or 5 times a power of ten, `count` of them over the range or a few more. */
export function niceTicks(low, high, count = 4) {
  const span = high - low || 1;
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [5, 2, 1].map((factor) => factor * power).find((size) => size <= raw * 1.25) ?? power;
  const ticks = [];
  for (let index = Math.ceil(low / step); index * step <= high + step * 1e-9; index += 1) ticks.push(index * step);
  return ticks;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const fade = (name, percent) => `color-mix(in srgb, ${color(name)} ${percent}%, ${color("panel")})`;

function resolve(value) {
  // Plotly reads neither color-mix nor variables: let the browser compute the colour.
  const probe = document.createElement("span");
  probe.style.color = value;
  document.body.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  const parts = computed.match(/-?[\d.]+/g).map(Number);
  if (!computed.startsWith("color(")) return computed;
  return `rgb(${parts.slice(0, 3).map((part) => Math.round(part * 255)).join(",")})`;
}

export class Charts {
  constructor(section, { language, zone }) {
    this.section = section;
    this.words = JSON.parse(section.dataset.words);
    this.message = section.querySelector("#charts-message");
    this.language = language;
    this.locale = { de: "de-DE", en: "en-GB" }[language];
    this.zone = zone;
    this.key = null;
    this.data = null;
    this.index = null;
    this.plots = new Map();
    for (const figure of section.querySelectorAll("[data-chart]")) this.adopt(figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  adopt(figure) {
    const plot = figure.querySelector(".plot");
    this.plots.set(figure.dataset.chart, { plot, readout: figure.querySelector(".readout") });
    plot.addEventListener("pointermove", (event) => this.point(this.indexAt(plot, event.clientX)));
    plot.addEventListener("pointerleave", () => this.point(null));
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !this.data) return;
      event.preventDefault();
      const last = this.times.length - 1;
      this.point(Math.min(last, Math.max(0, (this.index ?? this.nowIndex()) + step)));
    });
    plot.addEventListener("blur", () => this.point(null));
  }

  /** Take note of the controller's clock; load the series when another quarter hour or plan has begun. */
  follow(key, now) {
    this.now = now ? Date.parse(now) : null;
    this.placeNow();
    if (key !== this.key) this.load(key);
  }

  get address() {
    return "/api/v1/charts";
  }

  async load(key) {
    this.key = key;
    try {
      const response = await fetch(this.address);
      if (!response.ok) throw new Error(String(response.status));
      this.data = await response.json();
    } catch {
      this.message.textContent = this.words.failed;
      setTimeout(() => { if (this.key === key) this.load(key); }, RETRY_MS);
      return;
    }
    this.message.textContent = "";
    this.draw();
  }

  nowIndex() {
    return Math.floor((this.now - Date.parse(this.data.start)) / PERIOD_MS);
  }

  indexAt(plot, clientX) {
    if (!this.data) return null;
    const box = plot.getBoundingClientRect();
    const share = (clientX - box.left - MARGIN.l) / (box.width - MARGIN.l - MARGIN.r);
    return share < 0 || share >= 1 ? null : Math.floor(share * this.times.length);
  }

  draw() {
    if (!this.data) return;
    const start = Date.parse(this.data.start);
    const count = Math.round((Date.parse(this.data.end) - start) / PERIOD_MS);
    this.times = Array.from({ length: count }, (_, index) => start + index * PERIOD_MS);
    this.edges = [...this.times, start + count * PERIOD_MS].map((time) => new Date(time).toISOString());
    this.ends = this.edges.slice(1);
    this.labels = new Intl.DateTimeFormat(this.locale, {
      timeZone: this.zone, weekday: "short", hour: "2-digit", minute: "2-digit",
      ...(count === 192 ? {} : { timeZoneName: "short" }),
    });
    for (const [name, specification] of Object.entries(this.specifications())) this.render(name, specification);
    this.placeNow();
  }

  /** What each chart shows: lines with their role, colour and values, and the words of its directions. */
  specifications() {
    const data = this.data;
    const mwh = (series) => series.map((value) => (value === null ? null : value * EUR_PER_MWH));
    const band = (name, hue) => [
      { role: "band", hue, low: data[name].p05_kw, high: data[name].p95_kw },
      { role: "median", hue, values: data[name].p50_kw },
      { role: "planned", hue: "text", values: data[name].planned_kw },
      { role: "measured", hue, values: data[name].measured_kw },
    ];
    const pairOf = (series, hue, prefix) => [
      { role: "planned", hue, values: series.planned_kw, prefix },
      { role: "measured", hue, values: series.measured_kw, prefix },
    ];
    const pair = (name, hue, prefix) => pairOf(data[name], hue, prefix);
    const { words } = this;
    return {
      ...networkSpecifications(data, words, this.language),
      controllable: {
        unit: "kW", ways: [words["axis.use"], words["axis.generation"]],
        lines: Object.entries(data.controllable).flatMap(([kind, band]) => pairOf(band, kind, words[`kind.${kind}`])),
      },
      generation: { unit: "kW", lines: band("generation", "wind") },
      consumption: { unit: "kW", lines: band("consumption", "load").filter((line) => line.role !== "planned") },
      exchange: { unit: "kW", lines: pair("exchange", "grid_point"), ways: [words["axis.import"], words["axis.export"]] },
      price: {
        unit: "EUR/MWh", signed: true,
        lines: [
          { role: "published", hue: "price", values: mwh(data.price_eur_per_kwh) },
          { role: "marginal", hue: "soft", values: mwh(data.marginal_price_eur_per_kwh) },
        ],
      },
      flexible: {
        unit: "kW", ways: [words["axis.charging"], words["axis.discharging"]],
        lines: [...pair("ev", "ev_hub", words.ev), ...pair("storage", "battery", words.battery)],
      },
      stored: {
        unit: "kWh", zero: true, limits: [data.stored.energy_kwh_min, data.stored.energy_kwh_max],
        lines: [
          { role: "planned", hue: "battery", values: data.stored.planned_kwh, atEnd: true },
          { role: "measured", hue: "battery", values: data.stored.measured_kwh },
        ],
      },
    };
  }

  render(name, specification) {
    const entry = this.plots.get(name);
    if (!entry) return;
    entry.specification = specification;
    if (specification.strips) {
      this.renderSchedule(entry.plot, specification);
      return;
    }
    const known = specification.lines
      .flatMap((line) => (line.role === "band" ? [...line.low, ...line.high] : line.values))
      .concat(specification.heights ?? [])
      .filter((value) => value !== null);
    entry.plot.classList.toggle("is-empty", known.length === 0);
    entry.plot.dataset.empty = this.words.unavailable;
    for (const limit of specification.limits ?? []) if (limit !== null) known.push(limit);
    let low = Math.min(0, ...known);
    let high = Math.max(0, ...known);
    if (low === high) high = 1;
    const room = 0.06 * (high - low);
    if (low < 0) low -= room;
    high += room;
    window.Plotly.react(entry.plot, this.traces(specification), this.layout(specification, low, high), {
      staticPlot: true, responsive: true, displayModeBar: false,
    });
    this.nameWays(entry.plot, specification.ways, low, high);
  }

  renderSchedule(plot, { strips }) {
    const height = scheduleHeight(strips.length, MARGIN);
    plot.style.height = `${height}px`;
    const layout = this.layout({ strips }, 0, strips.length);
    layout.height = height;
    layout.yaxis = { range: [0, strips.length], visible: false };
    layout.annotations = scheduleLabels(strips, resolve(color("text")));
    const shade = (hue, percent) => resolve(percent === 100 ? color(hue) : fade(hue, percent));
    window.Plotly.react(plot, scheduleTraces(strips, this.edges, shade), layout, {
      staticPlot: true, responsive: true, displayModeBar: false,
    });
  }

  /** A part of a stack: what was measured in full colour, what is planned paler, each in a stack of its own. */
  stackTraces(line) {
    return [["measured", 100], ["planned", 50]].map(([group, percent]) => ({
      type: "scatter", mode: "lines", name: line.label, stackgroup: group,
      x: this.edges, y: closed(line[group]).map((value) => value ?? 0),
      line: { width: 0, shape: "hv" },
      fillcolor: resolve(percent === 100 ? color(line.hue) : fade(line.hue, percent)),
    }));
  }

  traces(specification) {
    const traces = [];
    for (const line of specification.lines) {
      if (line.role === "stack") {
        traces.push(...this.stackTraces(line));
        continue;
      }
      if (line.role === "band") {
        const shared = { x: this.edges, mode: "lines", line: { width: 0, shape: "hv" }, type: "scatter" };
        traces.push({ ...shared, y: closed(line.low), name: "p05" });
        traces.push({ ...shared, y: closed(line.high), name: this.words.band, fill: "tonexty", fillcolor: resolve(fade(line.hue, 24)) });
        continue;
      }
      const style = {
        measured: { width: 2.4 }, planned: { width: 1.3 }, median: { width: 1.3, dash: "4px,3px" },
        published: { width: 2 }, marginal: { width: 1.3, dash: "2px,2px" },
      }[line.role];
      traces.push({
        type: "scatter", mode: "lines", name: this.lineName(line),
        x: line.atEnd ? this.ends : this.edges, y: line.atEnd ? line.values : closed(line.values),
        line: { ...style, color: resolve(color(line.hue)), shape: line.atEnd ? "linear" : "hv" },
        connectgaps: false,
      });
    }
    return traces;
  }

  layout(specification, low, high) {
    const format = this.number(specification);
    const ticks = niceTicks(low, high);
    const hour = new Intl.DateTimeFormat(this.locale, { timeZone: this.zone, hour: "2-digit", hourCycle: "h23" });
    const day = new Intl.DateTimeFormat(this.locale, { timeZone: this.zone, weekday: "long", day: "numeric", month: "numeric" });
    const hourOf = (time) => hour.format(time).replace(/\D/g, "").padStart(2, "0");
    const grid = resolve(color("line-soft"));
    const limits = (specification.limits ?? []).filter((limit) => limit !== null);
    return {
      margin: MARGIN, height: HEIGHT, showlegend: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 11, color: resolve(color("soft")) },
      xaxis: {
        tickangle: 0, ticks: "outside", ticklen: 4, tickcolor: grid,
        type: "date", range: [this.edges[0], this.edges[this.edges.length - 1]], gridcolor: grid, zeroline: false,
        tickvals: this.data.tick_at.map((time) => new Date(time).toISOString()),
        ticktext: this.data.tick_at.map((text, index, all) => {
          const time = new Date(text);
          if (index === all.length - 1) return "";
          return hourOf(time) === "00" ? `00<br>${day.format(time).replace(",", "")}` : hourOf(time);
        }),
      },
      yaxis: {
        range: [low, high], gridcolor: grid, zeroline: true, zerolinecolor: resolve(color("faint")), zerolinewidth: 1,
        tickvals: ticks, ticktext: ticks.map((tick) => format(tick)),
      },
      shapes: limits.map((limit) => ({
        type: "line", xref: "paper", x0: 0, x1: 1, y0: limit, y1: limit,
        line: { color: resolve(color("faint")), width: 1, dash: "dot" },
      })),
    };
  }

  number(specification) {
    const formatter = new Intl.NumberFormat(this.locale, { maximumFractionDigits: specification.unit === "EUR/MWh" ? 1 : 0 });
    return (value) => formatter.format(specification.signed ? value : Math.abs(value)).replace("-", "\u2212");
  }

  lineName(line) {
    if (line.label) return line.label;
    return line.prefix ? `${line.prefix} ${this.words[line.role]}` : this.words[line.role];
  }

  nameWays(plot, ways, low, high) {
    plot.querySelectorAll(".end").forEach((element) => element.remove());
    if (!ways) return;
    const add = (side, text) => {
      const element = document.createElement("span");
      element.className = `end ${side}`;
      element.textContent = text;
      plot.append(element);
    };
    if (high > 0) add("high", ways[0]);
    if (low < 0) add("low", ways[1]);
  }

  placeNow() {
    if (!this.data) return;
    const start = Date.parse(this.data.start);
    const share = (this.now - start) / (Date.parse(this.data.end) - start);
    for (const { plot } of this.plots.values()) {
      const line = this.overlay(plot, "now");
      if (!line.firstChild) line.append(Object.assign(document.createElement("span"), { textContent: this.words.now }));
      this.place(line, this.now !== null && share >= 0 && share <= 1 ? share : null);
    }
  }

  overlay(plot, kind) {
    let element = plot.querySelector(`.${kind}`);
    if (!element) {
      element = document.createElement("div");
      element.className = kind;
      element.setAttribute("aria-hidden", "true");
      plot.append(element);
    }
    return element;
  }

  place(element, share) {
    element.hidden = share === null;
    if (share !== null) element.style.left = `calc(${MARGIN.l}px + (100% - ${MARGIN.l + MARGIN.r}px) * ${share})`;
  }

  /** Move the common cursor and say each chart's numbers there; null takes it away. */
  point(index) {
    if (!this.data || index === this.index) return;
    this.index = index;
    for (const { plot, readout, specification } of this.plots.values()) {
      const cursor = this.overlay(plot, "cursor");
      this.place(cursor, index === null ? null : (index + 0.5) / this.times.length);
      readout.textContent = index === null || !specification ? "" : this.say(specification, index);
      readout.title = readout.textContent;
    }
  }

  say(specification, index) {
    const time = this.labels.format(this.times[index]);
    if (specification.strips) return `${time} \u2013 ${scheduleWords(specification.strips, index, this.words).join(" · ")}`;
    const format = this.number(specification);
    const parts = [];
    for (const line of [...specification.lines].reverse()) {
      if (line.role === "band") {
        if (line.low[index] !== null) parts.push(`p05\u2013p95 ${format(line.low[index])}\u2013${format(line.high[index])}`);
        continue;
      }
      const value = line.values[index];
      if (value === null) continue;
      const way = specification.ways && Math.abs(value) >= 0.5 ? `${specification.ways[value > 0 ? 0 : 1]} ` : "";
      parts.push(`${this.lineName(line)}: ${way}${format(value)}`);
    }
    return `${time} \u2013 ${parts.join(" · ") || this.words.unavailable}`;
  }
}

/** A step line needs its last value once more at the end of the last period. */
function closed(values) {
  return [...values, values[values.length - 1]];
}
