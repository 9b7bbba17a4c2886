// What a page of a watch shows of its states. It does not know where they come from.

import { badge } from "./state.js";
import { load } from "./text.js";
import { showCharts, showLegends } from "./charts.js";
import { lasted, rateWords, row, time } from "./words.js";

const redrawEvery = 5000;

const grades = { good: "good", fair: "fair", poor: "bad", interrupted: "bad" };
const outcomes = { ready: "good", marginal: "fair", "not ready": "bad" };
// What does not fail the minimum is shown less loudly.
const mild = new Set(["below-recommended", "udp-blocked", "host-busy", "clock", "suspended"]);

const get = (id) => document.getElementById(id);
const kept = { rates: [], delays: [], last: 0 }; // the points until now
let t, state, drawnAt = 0, said = "", listed = "";

// show fills what does not depend on a state. texts is what load of text.js returns.
export function show(texts) {
  t = texts;
  showLegends(t);
  get("range").addEventListener("change", () => draw());
  new ResizeObserver(() => draw()).observe(document.body);
}

// renumber makes the next state's points count as new, although their numbers begin again.
export const renumber = () => { kept.last = 0; };

// last returns the number of the last point that has been taken.
export const last = () => kept.last;

// gone says that nobody watches any more, with the texts of two keys. What was seen until
// then stays.
export function gone(key = "gone", word = "gone.word") {
  get("gone").hidden = false;
  get("gone").textContent = t(key);
  get("todo").hidden = true;
  get("state").replaceChildren(badge("none", t(word)));
  get("line").textContent = get("left").textContent = "";
  get("downloads").hidden = true;
  document.title = `${t(word)} · examlink`;
  listed = "";
}

// take shows a state.
export function take(s) {
  state = s;
  get("gone").hidden = true;
  get("todo").hidden = false;
  kept.rates.push(...s.rates);
  kept.delays.push(...s.delays);
  const news = s.last_point > kept.last;
  kept.last = s.last_point;
  get("exam").textContent = s.exam.name ? t("title.exam", { exam: s.exam.name }) : t("title");
  get("state").replaceChildren(badge(grades[s.link.condition] ?? "none", s.link.word));
  get("line").textContent = s.link.line;
  get("left").textContent = s.link.line.includes(s.exam.left) ? "" : s.exam.left;
  get("about").textContent = [s.server.name, s.server.transport, s.server.policy].filter(Boolean).join(" · ");
  document.title = `${s.link.word} · examlink`;
  announce(s);
  const lists = JSON.stringify([s.warnings, s.checks.length, s.record, s.link.condition]);
  if (lists !== listed) {
    listed = lists;
    showWarnings(s);
    showChecks(s);
    showFiles(s);
  }
  if (news) showTests();
  if (news || Date.now() - drawnAt > redrawEvery) draw();
}

function draw() {
  if (!state) return;
  drawnAt = Date.now();
  showCharts(t, state, kept, Number(get("range").value));
}

// announce says to a screen reader what has changed, not each figure.
function announce(s) {
  const active = s.warnings.filter((w) => w.active);
  const now = [s.link.word, ...active.map((w) => `${w.title}. ${w.remedy ?? ""}`)].join(". ");
  if (now !== said) {
    said = now;
    get("said").textContent = now;
  }
}

function showWarnings(s) {
  const active = s.warnings.filter((w) => w.active), past = s.warnings.filter((w) => !w.active);
  const measured = !["waiting", "connecting", "testing"].includes(s.link.condition);
  get("calm").hidden = active.length > 0;
  get("calm").textContent = t(measured ? "calm" : "calm.wait");
  get("active").replaceChildren(...active.map((w) => notice(w, mild.has(w.kind) ? "fair" : "bad")));
  get("no-past").hidden = past.length > 0;
  get("past").replaceChildren(...past.map((w) => notice(w, "over")));
}

// notice shows a warning in the program's words.
function notice(w, grade) {
  const box = document.createElement("article");
  box.className = `notice ${grade}`;
  box.lang = "en";
  box.dir = "auto";
  const title = document.createElement("h3");
  title.textContent = w.title;
  box.append(title);
  const add = (text, kind = "") => {
    if (!text) return;
    const p = document.createElement("p");
    p.className = kind;
    p.textContent = text;
    box.append(p);
  };
  add([when(w), w.seen].filter(Boolean).join(": "), "soft");
  add(w.cause && t("cause", { cause: w.cause }));
  add(w.active && w.meaning);
  add(w.remedy && t("todo", { remedy: w.remedy }), "remedy");
  return box;
}

// when says from when to when a warning stood.
function when(w) {
  if (w.kind === "clock") return ""; // its times are of two clocks
  if (w.active) return t("since", { time: time(w.from) });
  if (!w.to) return t("to-the-end", { time: time(w.from) });
  return t("from-to", { from: time(w.from), to: time(w.to), lasted: lasted(t, w.from, w.to) });
}

function showTests() {
  const tests = kept.rates.slice(-12).reverse();
  get("tests").replaceChildren(...tests.map((p) => row(
    [t("time"), time(p.at)], [t("way"), t(p.direction)], [t("rate"), rateWords(t, p.rate)])));
}

function showChecks(s) {
  const last = s.checks.slice(-10).reverse();
  get("no-checks").hidden = last.length > 0;
  get("checks-table").hidden = last.length === 0;
  get("checks").replaceChildren(...last.map((c) => row(
    [t("time"), time(c.at, true)], [t("download"), rateWords(t, c.download)], [t("upload"), rateWords(t, c.upload)],
    [t("verdict"), badge(outcomes[c.outcome] ?? "none", t("outcome." + c.outcome.replace(" ", "-")))])));
  get("findings").replaceChildren(...s.times_of_day.map((f) => {
    const p = document.createElement("p");
    p.textContent = f.sentence;
    return p;
  }));
  get("compared").textContent = s.compared > 1 ? t("compared", { count: s.compared }) : "";
}

function showFiles(s) {
  get("no-record").hidden = s.record !== "";
  get("downloads").hidden = s.record === "";
  get("record-name").textContent = s.record ? t("files.name", { file: s.record }) : "";
}
