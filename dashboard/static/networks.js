// What the charts of heat, hydrogen and machines show; charts.js draws it.

/** The measured value where there is one, else the planned one. */
function known(line, index) {
  return line.measured_kw[index] ?? line.planned_kw[index];
}

/** The height of the stack in each quarter hour: the axis has to reach it. */
function heights(lines) {
  if (!lines.length) return [];
  return lines[0].measured_kw.map((_, index) => lines.reduce((sum, line) => sum + (known(line, index) ?? 0), 0));
}

function stack(lines, name) {
  return lines.map((line) => ({
    role: "stack", hue: line.kind, label: name(line),
    measured: line.measured_kw,
    planned: line.planned_kw.map((value, index) => (line.measured_kw[index] === null ? value : null)),
    values: line.measured_kw.map((_, index) => known(line, index)),
  }));
}

function content(stored, hue) {
  return {
    unit: "kWh", zero: true, limits: [stored.energy_kwh_min, stored.energy_kwh_max],
    lines: [
      { role: "planned", hue, values: stored.planned_kwh, atEnd: true },
      { role: "measured", hue, values: stored.measured_kwh },
    ],
  };
}

function heat(network, words, name) {
  const { demand } = network;
  return {
    unit: "kW", heights: heights(network.producers),
    lines: [
      ...stack(network.producers, name),
      { role: "band", hue: "heat_load", low: demand.p05_kw, high: demand.p95_kw },
      { role: "median", hue: "heat_load", values: demand.p50_kw, prefix: words.demand },
      { role: "measured", hue: "heat_load", values: demand.measured_kw, prefix: words.demand },
    ],
  };
}

function hydrogen(network, words, name) {
  const sum = (key) => network.offtake.reduce(
    (total, line) => line[key].map((value, index) => (value === null || total?.[index] === null ? null : value + (total?.[index] ?? 0))),
    null,
  ) ?? [];
  return {
    unit: "kW", heights: heights(network.producers),
    lines: [
      ...stack(network.producers, name),
      { role: "planned", hue: "hydrogen_storage", values: sum("planned_kw"), prefix: words.offtake },
      { role: "measured", hue: "hydrogen_storage", values: sum("measured_kw"), prefix: words.offtake },
    ],
  };
}

/** Specifications by chart name, from the answer of /api/v1/charts. */
export function networkSpecifications(data, words, language) {
  const name = (thing) => thing.name[language];
  const made = {};
  for (const network of data.heat) {
    made[`heat.${network.network_id}`] = heat(network, words, name);
    if (network.stored) made[`heat_stored.${network.network_id}`] = content(network.stored, "heat_storage");
  }
  for (const network of data.hydrogen) {
    made[`hydrogen.${network.network_id}`] = hydrogen(network, words, name);
    if (network.stored) made[`hydrogen_stored.${network.network_id}`] = content(network.stored, "hydrogen_storage");
  }
  made.machines = {
    strips: data.machines.map((machine) => ({
      label: name(machine), hue: machine.kind,
      measured: machine.measured_running_fraction,
      planned: machine.planned_running_fraction.map(
        (value, index) => (machine.measured_running_fraction[index] === null ? value : null),
      ),
    })),
  };
  return made;
}
