// The badge of a state: a shape and a word, so that it does not depend on colour.

const svgSpace = "http://www.w3.org/2000/svg";

// Each grade has a shape of its own, drawn in a square of 24.
const shapes = {
  good: ["M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19", "M7.5 12.5l3 3l6-7"],
  fair: ["M12 3L22 20.5H2z", "M12 10v4.5", "M12 17.4v.1"],
  bad: ["M8 2.5h8l5.5 5.5v8L16 21.5H8L2.5 16V8z", "M8.5 8.5l7 7", "M15.5 8.5l-7 7"],
  none: ["M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19", "M12 7v5.5l3.5 2"],
};

// node makes an element of SVG.
export function node(name, attributes = {}, ...children) {
  const e = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

// shape returns the shape of a grade: good, fair, bad or none.
export function shape(grade) {
  return node("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, ...(shapes[grade] ?? shapes.none).map((d) => node("path", { d })));
}

// badge returns the badge of a grade with its word.
export function badge(grade, word) {
  const b = document.createElement("span");
  b.className = "state " + grade;
  b.append(shape(grade), word);
  return b;
}
