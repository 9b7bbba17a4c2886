// The badge of a state: a shape and a word, so that it does not depend on colour.

const svgSpace = "http://www.w3.org/2000/svg";

// Each grade has a shape of its own, drawn in a square of 24.
const shapes = {
  good: ["M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19", "M7.5 12.5l3 3l6-7"],
  fair: ["M12 3L22 20.5H2z", "M12 10v4.5", "M12 17.4v.1"],
  bad: ["M8 2.5h8l5.5 5.5v8L16 21.5H8L2.5 16V8z", "M8.5 8.5l7 7", "M15.5 8.5l-7 7"],
  low: ["M12 21L2 4.5h20z", "M12 8v6", "M9.5 12l2.5 2.5l2.5-2.5"],
  ask: ["M12 2.5l9.5 9.5l-9.5 9.5l-9.5-9.5z", "M9.8 10.2a2.3 2.3 0 1 1 3.2 2.1c-.7.3-1 .8-1 1.6", "M12 16.6v.1"],
  away: ["M4 4h4M16 4h4M4 20h4M16 20h4M4 4v4M20 4v4M4 16v4M20 16v4", "M8.5 12h7"],
  over: ["M4 4h16v16H4z", "M9 9h6v6H9z"],
  none: ["M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19", "M12 7v5.5l3.5 2"],
};

// node makes an element of SVG.
export function node(name, attributes = {}, ...children) {
  const e = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

// shape returns the shape of a grade (good, fair, bad or none), or one of those of a page
// with more states than grades: low, ask, away or over.
export function shape(grade) {
  return node("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, ...(shapes[grade] ?? shapes.none).map((d) => node("path", { d })));
}

// badge returns the badge of a grade with its word, in its own shape or another.
export function badge(grade, word, form = grade) {
  const b = document.createElement("span");
  b.className = "state " + grade;
  b.append(shape(form), word);
  return b;
}
