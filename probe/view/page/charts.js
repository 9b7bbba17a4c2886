// The charts of a watch.

import { draw, sample } from "./chart.js";
import { mbit, rateWords, time } from "./words.js";

const least = 5 * 60e3; // milliseconds that are always shown
const late = 3000; // a longer time between two windows breaks the line
const element = (id) => document.getElementById(id);
const milliseconds = (seconds) => String(Number((seconds * 1000).toPrecision(3)));

// showCharts draws the points of the last seconds; 0: of all.
export function showCharts(t, state, kept, seconds) {
  const to = Date.parse(state.at);
  const first = Math.min(to, ...[kept.rates[0]?.at, kept.delays[0]?.from].filter(Boolean).map(Date.parse));
  const from = Math.min(Math.max(first, seconds ? to - seconds * 1000 : 0), to - least);
  const shades = state.warnings.filter((w) => w.gap).map((w) => (
    { from: Date.parse(w.from), to: w.to ? Date.parse(w.to) : to, title: `${w.title} ${time(w.from)}` }));
  const common = { from, to, shades, empty: t("chart.empty") };
  for (const direction of ["download", "upload"]) rates(t, state, kept, direction, common);

  const delays = broken(kept.delays);
  const last = kept.delays.findLast((p) => p.round_trip_delay_seconds != null);
  draw(element("delay"), {
    ...common, title: t("roundtrip"), format: milliseconds,
    description: t("chart.delay", { last: last ? t("milliseconds", { value: milliseconds(last.round_trip_delay_seconds) }) : t("unknown") }),
    series: [
      { kind: "line", grade: "p99", points: delays.map((p) => ({ at: p.at, value: p.round_trip_delay_p95_seconds })) },
      { kind: "line", grade: "median", points: delays.map((p) => ({ at: p.at, value: p.round_trip_delay_seconds })) },
    ],
  });
  const lost = kept.delays.map((p) => ({ at: Date.parse(p.to), value: p.lost_share, title: p.lost_share > 0 ? `${time(p.to)}: ${percent(t, p.lost_share)}` : "" }));
  const highest = lost.filter((p) => p.at >= common.from).reduce((most, p) => Math.max(most, p.value ?? 0), 0);
  draw(element("loss"), {
    ...common, title: t("loss"), format: (share) => String(Number((share * 100).toPrecision(3))), floor: 0.05,
    description: t("chart.loss", { last: percent(t, highest) }), series: [{ kind: "bars", grade: "lost", points: lost }],
  });
}

function rates(t, state, kept, direction, common) {
  const points = kept.rates.filter((p) => p.direction === direction);
  const minimum = state.minimum[`${direction}_bits_per_second`], recommended = state.recommended[`${direction}_bits_per_second`];
  const line = (value, grade) => value > 0 ? [{ value, grade, label: t(grade, { value: mbit(value) }) }] : [];
  draw(element(direction), {
    ...common, title: t(direction), format: mbit,
    description: t("chart.rates", { last: points.length ? rateWords(t, points.at(-1).rate) : t("unknown"), minimum: minimum > 0 ? mbit(minimum) : t("unknown") }),
    lines: [...line(minimum, "minimum"), ...line(recommended, "recommended")],
    series: [{
      kind: "bounds", grade: direction === "download" ? "down" : "up",
      points: points.map((p) => ({
        at: Date.parse(p.at), value: p.rate.bits_per_second, low: p.rate.low_bits_per_second, high: p.rate.high_bits_per_second,
        below: p.below_minimum, title: `${time(p.at)}: ${rateWords(t, p.rate)}`,
      })),
    }],
  });
}

// broken returns the windows with a point without a value wherever time is missing.
function broken(windows) {
  const out = [];
  let end = null;
  for (const w of windows) {
    const from = Date.parse(w.from), to = Date.parse(w.to);
    if (end != null && from - end > late) out.push({ at: from });
    out.push({ ...w, at: to });
    end = to;
  }
  return out;
}

const percent = (t, share) => t("percent", { value: String(Number((share * 100).toPrecision(2))) });

// showLegends fills the legends.
export function showLegends(t) {
  fill("rates-legend", [
    ["value", "down", "legend.value"], ["least", "down", "legend.least"], ["below", "", "legend.below"],
    ["line", "minimum", "legend.minimum"], ["line", "recommended", "legend.recommended"], ["shade", "", "legend.gap"],
  ]);
  fill("delay-legend", [["line", "median", "legend.median"], ["line", "p99", "legend.p95"], ["bar", "lost", "legend.lost"], ["shade", "", "legend.gap"]]);

  function fill(id, entries) {
    element(id).replaceChildren(...entries.map(([kind, grade, key]) => {
      const item = document.createElement("li");
      item.append(sample(kind, grade), t(key));
      return item;
    }));
  }
}
