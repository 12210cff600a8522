// Draws one asset's forecast with its band, what it was before a correction, and what was measured.
import { Charts } from "./charts.js";

const REFRESH_MS = 60000;
const section = document.getElementById("charts");

class ForecastChart extends Charts {
  get address() {
    return `/api/v1/forecasts/${this.section.dataset.asset}`;
  }

  specifications() {
    const { data, words } = this;
    const hue = this.section.dataset.kind;
    // Only where it was changed: elsewhere it would lie on the median and hide it.
    const before = data.uncorrected_kw.map((value, index) => (value === data.p50_kw[index] ? null : value));
    return {
      forecast: {
        unit: "kW",
        lines: [
          { role: "band", hue, low: data.p05_kw, high: data.p95_kw },
          { role: "median", hue, values: data.p50_kw },
          ...(before.some((value) => value !== null)
            ? [{ role: "planned", hue: "text", values: before, label: words.uncorrected }] : []),
          { role: "measured", hue, values: data.measured_kw },
        ],
      },
    };
  }
}

if (section) {
  const charts = new ForecastChart(section, {
    language: document.documentElement.lang,
    zone: document.body.dataset.zone,
  });
  charts.follow("first", section.dataset.now);
  setInterval(() => charts.load(String(Date.now())), REFRESH_MS);
}
