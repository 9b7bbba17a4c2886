// The rows. What is a state or a warning is painted at once, figures once a second, and
// only where they are seen. Rows keep their places while somebody points at them.

import { against, boundText, delayText, intervalText, lossText, rateText, span, stateBadge, warningText } from "./words.js";

const worseFor = 6000; // milliseconds that a row shows that it has got worse
const columns = ["student", "state", "since", "download", "upload", "delay", "loss", "warnings"];

const compare = (a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2] || (a.student < b.student ? -1 : a.student > b.student ? 1 : 0);

// Table keeps the rows of one board.
export class Table {
  constructor(body, t, told) {
    this.body = body;
    this.t = t;
    this.told = told; // is called with rows that got worse
    this.lines = new Map(); // by student
    this.shown = () => true;
    this.ahead = 0; // of the server's clock
    this.bounds = { minimum: {}, recommended: {} };
    this.labels = {}; // of columns whose name is longer than their text
    this.held = false;
    this.moves = 0;
    this.seen = new IntersectionObserver((entries) => {
      for (const e of entries) {
        const line = this.lines.get(e.target.dataset.student);
        if (!line) continue;
        line.visible = e.isIntersecting;
        if (line.visible) this.figures(line);
      }
    }, { rootMargin: "200px" });
    body.addEventListener("pointerenter", (e) => this.hold(e.pointerType === "mouse"));
    body.addEventListener("pointerleave", () => this.hold(false));
    setInterval(() => this.tick(), 1000);
    addEventListener("beforeprint", () => this.lines.forEach((line) => this.figures(line)));
  }

  rows() { return [...this.lines.values()].map((l) => l.row); }

  // reset takes a whole board.
  reset(page) {
    this.bounds = page;
    for (const name of ["download", "upload"]) {
      this.labels[name] = boundText(this.t, this.t(name), page.minimum[`${name}_bits_per_second`]);
      document.querySelector(`th[data-text=${name}]`).textContent = this.labels[name];
      for (const { cells } of this.lines.values()) cells[name].dataset.label = this.labels[name];
    }
    const there = new Set(page.rows.map((r) => r.student));
    for (const student of [...this.lines.keys()]) if (!there.has(student)) this.remove(student);
    for (const r of page.rows) this.put(r, true);
    this.order();
  }

  // put takes a row that is new or has changed. It returns whether that is more than
  // figures.
  put(row, silent = false) {
    let line = this.lines.get(row.student);
    if (!line) {
      line = this.make(row);
      this.lines.set(row.student, line);
    }
    const was = line.row;
    line.row = row;
    line.dirty = true;
    if (was && was.state === row.state && was.group === row.group && !compare(was, row) && JSON.stringify(was.warnings) === JSON.stringify(row.warnings)) return false;
    this.paint(line);
    if (was && !silent && row.rank[0] < was.rank[0]) {
      line.tr.classList.add("worse");
      clearTimeout(line.calm);
      line.calm = setTimeout(() => line.tr.classList.remove("worse"), worseFor);
      this.told(row);
    }
    if (!was || compare(was, row) !== 0) this.unordered = true;
    line.tr.hidden = !this.shown(row);
    return true;
  }

  remove(student) {
    const line = this.lines.get(student);
    if (!line) return;
    this.seen.unobserve(line.tr);
    line.tr.remove();
    this.lines.delete(student);
  }

  make(row) {
    const tr = document.createElement("tr"), cells = {};
    tr.dataset.student = row.student;
    for (const name of columns) {
      const cell = document.createElement(name === "student" ? "th" : "td");
      if (name === "student") cell.scope = "row";
      else cell.dataset.label = this.labels[name] ?? this.t(name);
      cells[name] = cell;
      tr.append(cell);
    }
    const name = document.createElement("bdi");
    name.textContent = row.student;
    const group = document.createElement("bdi");
    group.className = "soft";
    cells.student.append(name, " ", group);
    this.body.append(tr);
    this.seen.observe(tr);
    return { tr, cells, group, row: null, visible: true, dirty: true };
  }

  // paint shows what must be seen at once.
  paint(line) {
    const { row, cells } = line;
    line.group.textContent = row.group ?? "";
    cells.state.replaceChildren(stateBadge(row.state, this.t("state." + row.state)));
    const list = document.createElement("ul");
    list.append(...row.warnings.map((w) => {
      const item = document.createElement("li");
      item.textContent = warningText(this.t, w, Date.now() + this.ahead);
      return item;
    }));
    cells.warnings.replaceChildren(...(row.warnings.length ? [list] : []));
    this.times(line);
  }

  // figures shows the rest.
  figures(line) {
    const { row, cells } = line;
    line.dirty = false;
    const set = (cell, text, note, kind) => {
      const value = document.createElement("span");
      value.textContent = text;
      value.className = kind;
      const small = document.createElement("span");
      small.className = "soft";
      small.textContent = note;
      cell.replaceChildren(value, ...(note ? [document.createElement("br"), small] : []));
    };
    for (const [name, key] of [["download", "download_bits_per_second"], ["upload", "upload_bits_per_second"]]) {
      const [note, kind] = against(this.t, row[name], this.bounds.recommended[key]);
      set(cells[name], rateText(this.t, row[name]), [intervalText(this.t, row[name]), note].filter(Boolean).join(", "), kind);
    }
    cells.delay.textContent = delayText(this.t, row.round_trip_delay_seconds);
    cells.loss.textContent = lossText(this.t, row.loss_up, row.loss_down);
    this.times(line);
  }

  // times shows what changes by itself.
  times(line) {
    const { row, cells } = line, now = Date.now() + this.ahead;
    const since = row.since ? span(now - Date.parse(row.since)) : "";
    let text = this.t("now");
    if (row.last_packet) text = this.t("ago", { time: span(now - Date.parse(row.last_packet)) });
    else if (row.state === "ended") text = this.t("left", { time: since });
    else if (row.state === "never-connected") text = row.since ? this.t("late", { time: since }) : this.t("none");
    if (cells.since.textContent !== text) cells.since.textContent = text;
    row.warnings.forEach((w, i) => {
      const item = cells.warnings.querySelectorAll("li")[i], words = warningText(this.t, w, now);
      if (item && item.textContent !== words) item.textContent = words;
    });
  }

  tick() {
    for (const line of this.lines.values()) {
      if (!line.visible || line.tr.hidden || document.hidden) continue;
      if (line.dirty) this.figures(line);
      else if (line.row.last_packet || line.row.warnings.length || !line.row.session) this.times(line);
    }
  }

  // filter shows the rows for which a function is true.
  filter(shown) {
    this.shown = shown;
    for (const line of this.lines.values()) line.tr.hidden = !shown(line.row);
  }

  hold(on) {
    this.held = on;
    if (!on) this.order();
  }

  // order puts the rows into their places, unless somebody points at them. It returns how
  // many wait.
  order() {
    if (!this.unordered) return 0;
    const sorted = [...this.lines.values()].sort((a, b) => compare(a.row, b.row));
    if (this.held) return sorted.filter((line, i) => this.body.children[i] !== line.tr).length;
    this.unordered = false;
    const focused = document.activeElement;
    let next = this.body.firstElementChild;
    for (const line of sorted) {
      if (line.tr === next) next = next.nextElementSibling;
      else this.body.insertBefore(line.tr, next);
    }
    if (focused !== document.activeElement) focused?.focus?.();
    return 0;
  }
}
