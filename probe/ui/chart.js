// A chart of values over time, as SVG. What is not known is not drawn: a bound is drawn
// as a bound, and a line is broken where there is no value.

import { node } from "./state.js";

const margin = { left: 46, right: 10, top: 12, bottom: 24 };
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080].map((minutes) => minutes * 60e3);

// draw fills a figure's element with a chart and describes it to screen readers.
//   title, description  texts
//   from, to            milliseconds since 1970
//   height              in CSS pixels; 180 if not given
//   format              the text of a value at the axis
//   floor               the least value that the axis reaches
//   lines               [{value, label, grade}], grade minimum or recommended
//   shades              [{from, to, title}]: times without values
//   series              [{kind, grade, points}], with points [{at, value, low, high, below, title}]
//                       kind bounds: marks with intervals, or one-sided bounds; kind line; kind bars
//   empty               what to say where there is no point
export function draw(element, o) {
  const width = Math.max(Math.round(element.clientWidth) || 600, 200), height = o.height ?? 180;
  const right = width - margin.right, bottom = height - margin.bottom;
  const top = ceiling(values(o).reduce((a, b) => Math.max(a, b), o.floor ?? 0)); // thousands are too many for arguments
  const span = Math.max(o.to - o.from, 1);
  const x = (at) => round(margin.left + (right - margin.left) * (at - o.from) / span);
  const y = (value) => round(bottom - (bottom - margin.top) * Math.min(value / top, 1));
  const visible = (s) => s.points.filter((p) => p.at >= o.from && p.at <= o.to);

  const root = node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${o.title}. ${o.description}` });
  for (const s of o.shades ?? []) {
    const a = x(Math.max(s.from, o.from)), b = x(Math.min(s.to, o.to));
    if (b >= a) root.append(titled(node("path", { class: "shade missing", d: `M${a} ${margin.top}H${Math.max(b, a + 2)}V${bottom}H${a}z` }), s.title));
  }
  for (const value of [0, top / 2, top]) {
    root.append(node("path", { class: "grid", d: `M${margin.left} ${y(value)}H${right}` }),
      node("text", { x: margin.left - 6, y: y(value) + 4, "text-anchor": "end" }, o.format(value)));
  }
  for (const at of ticks(o.from, o.to, Math.max(Math.floor(width / 110), 2))) {
    root.append(node("path", { class: "grid", d: `M${x(at)} ${margin.top}V${bottom}` }),
      node("text", { x: x(at), y: bottom + 16, "text-anchor": x(at) > right - 16 ? "end" : "middle" }, clock(at, span)));
  }
  for (const l of o.lines ?? []) root.append(node("path", { class: l.grade, d: `M${margin.left} ${y(l.value)}H${right}` }));
  let drawn = 0;
  for (const s of o.series) {
    const points = visible(s);
    drawn += points.length;
    root.append(...marks[s.kind](points, s.grade, x, y, bottom));
  }
  for (const l of o.lines ?? []) { // below its line where another one is just above
    const crowded = o.lines.some((other) => other.value > l.value && y(l.value) - y(other.value) < 14);
    root.append(node("text", { class: "label", x: margin.left + 5, y: y(l.value) + (crowded ? 11 : -3) }, l.label));
  }
  if (drawn === 0) root.append(node("text", { x: (margin.left + right) / 2, y: height / 2, "text-anchor": "middle" }, o.empty));
  element.replaceChildren(root);
}

// marks draws the points of each kind of series.
const marks = {
  bounds: (points, grade, x, y) => points.flatMap((p) => {
    const at = x(p.at), colour = p.below ? "below" : grade;
    const whisker = (from, to) => node("path", { class: `tick ${colour}`, d: `M${at} ${y(from)}V${y(to)}` });
    const mark = (kind, d) => titled(node("path", { class: `${kind} ${colour}`, d }), p.title);
    if (p.value != null) {
      const all = p.low != null && p.high != null ? [whisker(p.low, p.high)] : [];
      return [...all, mark("point", (p.below ? pit : dot)(at, y(p.value)))];
    }
    if (p.low != null) return [mark("tick", arrow(at, y(p.low), -1))];
    if (p.high != null) return [mark("tick", arrow(at, y(p.high), 1))];
    return [];
  }),
  line: (points, grade, x, y) => {
    let d = "", pen = false;
    for (const p of points) {
      if (p.value == null) { pen = false; continue; }
      d += `${pen ? "L" : "M"}${x(p.at)} ${y(p.value)}`;
      if (!pen) d += "h.01"; // a single value is a dot
      pen = true;
    }
    return d ? [node("path", { class: grade, d, "stroke-linecap": "round" })] : [];
  },
  bars: (points, grade, x, y, bottom) => points.filter((p) => p.value > 0).map((p) =>
    titled(node("path", { class: `bar ${grade}`, d: `M${x(p.at) - 1} ${bottom}V${Math.min(y(p.value), bottom - 2)}h3V${bottom}z` }), p.title)),
};

// The shapes are those of the report: a dot for a value, a triangle for one below the
// minimum, an arrow from a bound to where the value may be, -1 up and 1 down.
const dot = (x, y) => `M${round(x - 3)} ${y}a3 3 0 1 0 6 0a3 3 0 1 0-6 0z`;
const pit = (x, y) => `M${x} ${round(y + 4)}l-4.5-7h9z`;
const arrow = (x, y, way) => `M${x} ${y}v${9 * way}m-3 ${-3.5 * way}l3 ${3.5 * way}l3 ${-3.5 * way}`;

// sample returns the shape of a kind of point for a legend.
export function sample(kind, grade) {
  const root = node("svg", { viewBox: "0 0 26 14", "aria-hidden": "true" });
  switch (kind) {
    case "value": root.append(node("path", { class: `tick ${grade}`, d: "M13 1V13" }), node("path", { class: `point ${grade}`, d: dot(13, 7) })); break;
    case "below": root.append(node("path", { class: "point below", d: pit(13, 7) })); break;
    case "least": root.append(node("path", { class: `tick ${grade}`, d: arrow(13, 12, -1) })); break;
    case "bar": root.append(node("path", { class: `bar ${grade}`, d: "M11 13V3h3V13z" })); break;
    case "shade": root.append(node("path", { class: "shade missing", d: "M2 1H24V13H2z" })); break;
    default: root.append(node("path", { class: grade, d: "M1 7H25" }));
  }
  return root;
}

function titled(e, title) {
  if (title) e.prepend(node("title", {}, title));
  return e;
}

// values lists what the axis has to reach.
function values(o) {
  const out = [0];
  for (const l of o.lines ?? []) out.push(l.value * 1.15);
  for (const s of o.series) {
    for (const p of s.points) {
      if (p.at >= o.from && p.at <= o.to) out.push(p.value ?? p.low ?? p.high ?? 0);
    }
  }
  return out;
}

// ceiling returns a round number that is not less.
function ceiling(value) {
  if (!(value > 0)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * [1, 2, 4, 6, 8, 10].find((n) => n * unit >= value);
}

// ticks returns at most so many round times of this computer's zone.
function ticks(from, to, most) {
  const step = steps.find((s) => (to - from) / s <= most) ?? steps.at(-1);
  const zone = new Date(from).getTimezoneOffset() * 60e3;
  const out = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) out.push(at);
  return out;
}

const clock = (at, span) => new Intl.DateTimeFormat(undefined, span > 36 * 3600e3
  ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hour12: false }).format(at);

const round = (v) => Math.round(v * 10) / 10;
