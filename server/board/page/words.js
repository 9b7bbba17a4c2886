// Numbers, times and states in words.

import { badge } from "./state.js";

// The states, the worst first, each with its grade and its shape.
export const states = {
  dropped: ["bad", "bad"], "below-minimum": ["bad", "low"], suspect: ["fair", "ask"], "never-connected": ["fair", "away"],
  "below-recommended": ["fair", "fair"], testing: ["none", "none"], good: ["good", "good"], ended: ["none", "over"],
};
export const trouble = ["dropped", "below-minimum", "suspect"];

// stateBadge returns the badge of a state.
export function stateBadge(state, word) {
  const [grade, shape] = states[state] ?? ["none", "none"];
  return badge(grade, word, shape);
}

const mbit = (bits) => String(Number((bits / 1e6).toPrecision(3)));

// rateText returns a rate as what it is: an estimate or a bound.
export function rateText(t, r) {
  if (!r) return t("none");
  if (r.bits_per_second != null) return t("mbit", { value: mbit(r.bits_per_second) });
  if (r.low_bits_per_second != null) return t("least", { value: mbit(r.low_bits_per_second) });
  return r.high_bits_per_second != null ? t("most", { value: mbit(r.high_bits_per_second) }) : t("none");
}

// intervalText returns the interval of an estimate; empty: it has none.
export function intervalText(t, r) {
  if (r?.bits_per_second == null || r.low_bits_per_second == null || r.high_bits_per_second == null) return "";
  const low = mbit(r.low_bits_per_second), high = mbit(r.high_bits_per_second);
  return low === high ? "" : t("interval", { low, high });
}

// against returns how a rate compares with its bounds, in words where it is below one, and
// its class.
export function against(t, r, recommended) {
  if (r?.minimum === "below") return [t("below.minimum"), "low"];
  if (r?.recommended === "below") return [t("below.recommended", { bound: mbit(recommended) }), "short"];
  return ["", ""];
}

// boundText returns the name of a rate with its minimum.
export const boundText = (t, name, minimum) => minimum > 0 ? t("against", { name, bound: mbit(minimum) }) : name;

export const delayText = (t, seconds) => seconds == null ? t("none") : t("milliseconds", { value: Math.round(seconds * 1000) });

const percent = (t, share) => share == null ? t("none") : t("percent", { value: String(Number((share * 100).toPrecision(2))) });

export const lossText = (t, up, down) => up == null && down == null ? t("none") : t("loss.both", { up: percent(t, up), down: percent(t, down) });

// span returns a number of milliseconds in the largest unit that says something.
export function span(milliseconds) {
  const s = Math.max(0, Math.floor(milliseconds / 1000));
  const unit = (n, name) => new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: name, unitDisplay: "narrow" }).format(n);
  if (s < 60) return unit(s, "second");
  if (s < 3600) return `${unit(Math.floor(s / 60), "minute")} ${unit(s % 60, "second")}`;
  return `${unit(Math.floor(s / 3600), "hour")} ${unit(Math.floor(s / 60) % 60, "minute")}`;
}

// warningText returns an open warning, with its cause as far as it is known.
export function warningText(t, w, now) {
  const key = "kind." + w.kind, direction = w.direction ? t("direction." + w.direction) : "";
  const named = t(key, { direction });
  const values = { what: named === key ? w.kind : named, time: span(now - Date.parse(w.since)), cause: w.cause ?? "" };
  return t(w.cause ? "warning.cause" : "warning", values);
}
