// The machines' schedule: one strip a machine, drawn where it ran and where it is to run.
const ROW_PX = 34;
const STRIP_PX = 11;

/** The plot's height for so many machines, its margins included. */
export function scheduleHeight(count, margin) {
  return count * ROW_PX + margin.t + margin.b;
}

/** One line for all quarter hours in which a series says running. */
function segments(values, edges, level) {
  const x = [];
  const y = [];
  values.forEach((value, index) => {
    if (!value) return;
    if (!values[index - 1]) { x.push(edges[index]); y.push(level); }
    if (values[index + 1]) return;
    x.push(edges[index + 1], edges[index + 1]);
    y.push(level, null);
  });
  return { x, y };
}

export function scheduleTraces(strips, edges, shade) {
  return strips.flatMap((strip, index) => {
    const level = strips.length - index - 0.72;
    return [["measured", 100], ["planned", 45]].map(([role, percent]) => ({
      type: "scatter", mode: "lines", connectgaps: false, name: strip.label,
      ...segments(strip[role], edges, level),
      line: { width: STRIP_PX, color: shade(strip.hue, percent) },
    }));
  });
}

/** The machines' names, written above their strips so that all charts keep one time axis. */
export function scheduleLabels(strips, color) {
  return strips.map((strip, index) => ({
    xref: "paper", x: 0, xanchor: "left", yref: "y", y: strips.length - index - 0.24, yanchor: "middle",
    text: strip.label, showarrow: false, font: { size: 11, color },
  }));
}

export function scheduleWords(strips, index, words) {
  return strips.map((strip) => {
    const value = strip.measured[index] ?? strip.planned[index];
    const word = value === null || value === undefined ? words.unavailable : value ? words.runs : words.stands;
    return `${strip.label}: ${word}`;
  });
}
