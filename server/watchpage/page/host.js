// The page of a watch in a browser tab: consent, then what the server, which leads the
// watch, says of it. The measuring is done by a worker.

import { readToken } from "/check/token.js";
import { load } from "./text.js";
import { gone, renumber, show, take } from "./view.js";
import { readRecords } from "./kept.js";

const get = (id) => document.getElementById(id);
const texts = await load();
// A text of this page comes before the one of the program's window.
const t = (key, values) => {
  const own = `tab.${key}`, text = texts(own, values);
  return text === own ? texts(key, values) : text;
};
const link = location.hash.slice(1), token = readToken(link);
let warnings = [], kept = 0, over = false;

for (const e of document.querySelectorAll("[data-text]")) e.textContent = t(e.dataset.text);
get("checks-title").closest("section").hidden = true; // they are the check page's
addEventListener("hashchange", () => location.reload());

const start = get("start");
const sections = [...document.querySelectorAll("main > section")].filter((s) => s !== start && !s.hidden);
for (const s of sections) s.hidden = true;
start.hidden = false;
const consent = element("p", t("consent"));
start.append(element("h2", t("start")), consent, element("p", t("keep"), "soft"));
const note = element("p", "", "panel");
note.hidden = true;
note.setAttribute("role", "alert");
const begin = element("button", t("begin")), finish = element("button", t("end"), "quiet");
begin.type = finish.type = "button";
begin.id = "begin";
finish.id = "end";
finish.hidden = true;
start.append(note, begin, finish);
if (!token) {
  tell(t("nolink"));
  begin.disabled = true;
} else if (sessionStorage.getItem("examlink.watching") === token.jti) {
  watch(); // this tab has been loaded anew
} else {
  begin.onclick = () => watch();
}

function element(name, text, kind = "") {
  const e = document.createElement(name);
  e.textContent = text;
  e.className = kind;
  return e;
}

function tell(text) {
  note.textContent = text;
  note.hidden = !text;
}

// watch watches in this tab, unless another one does.
function watch() {
  navigator.locks.request(`examlink-watch-${token.jti}`, { ifAvailable: true }, (lock) => {
    if (!lock) {
      tell(t("twice"));
      return undefined;
    }
    tell("");
    return run(); // a page that holds a lock is not frozen
  });
}

// run resolves when the watch is over.
async function run() {
  sessionStorage.setItem("examlink.watching", token.jti);
  begin.hidden = consent.hidden = true;
  finish.hidden = false;
  for (const s of sections) s.hidden = false;
  show(t);
  downloads();
  const { certificate } = await (await fetch("server.json")).json();
  const worker = new Worker("watching.js", { type: "module" });
  const ask = (e) => e.preventDefault(); // before the page is closed
  addEventListener("beforeunload", ask);
  finish.onclick = () => worker.postMessage({ bye: true });
  stayAwake();
  let why = "";
  await new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      if (data.anew) renumber();
      if (data.state) state(data.state);
      if (data.lost) gone();
      if (data.lines) kept = data.lines;
      if (data.unkept) tell(t("unkept", { why: data.unkept }));
      if (data.ended) {
        why = data.over ? t("over", { why: data.over }) : t("ended");
        resolve();
      }
    };
    worker.onerror = (e) => {
      why = t("broken", { why: e.message ?? "" });
      resolve();
    };
    worker.postMessage({ token: link, id: token.jti, origin: location.origin, certificate, system: navigator.userAgent });
  });
  over = true;
  worker.terminate();
  removeEventListener("beforeunload", ask);
  sessionStorage.removeItem("examlink.watching");
  start.hidden = true;
  gone("over", "over.word");
  get("gone").textContent = why;
  get("gone").setAttribute("role", "alert");
  get("downloads").hidden = kept === 0;
}

// state shows a state of the server; warnings that have not changed are not in it.
function state(s) {
  if (over) return;
  warnings = s.warnings ?? warnings;
  take({ ...s, warnings, record: kept ? fileName("") : "" });
}

const fileName = (part) => `${token.exam.replace(/[^\w.-]/g, "_")}-${new Date().toISOString().slice(0, 10)}${part}.jsonl`;

// downloads replaces the links of the program's window: the record is in this browser.
function downloads() {
  const button = element("button", t("files.record"));
  button.type = "button";
  button.id = "download";
  button.onclick = async () => {
    const records = await readRecords(token.jti);
    records.forEach(({ first, lines }, i) => {
      if (first !== 1) tell(t("unwhole"));
      const a = element("a", "");
      a.href = URL.createObjectURL(new Blob([lines.map((l) => l + "\n").join("")], { type: "application/jsonl" }));
      a.download = fileName(i ? `-${i + 1}` : "");
      a.click();
      setTimeout(() => URL.revokeObjectURL(a.href), 60e3);
    });
  };
  get("downloads").replaceChildren(button);
}

// stayAwake keeps the screen on while the page is seen, where the browser can do that.
async function stayAwake() {
  if (!navigator.wakeLock) return;
  const hold = () => document.hidden || over || navigator.wakeLock.request("screen").catch(() => {}); // refused: low battery
  document.addEventListener("visibilitychange", hold);
  hold();
}
