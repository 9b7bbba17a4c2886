// The proctors' board: signing in, choosing an exam, and what happens in it.

import { Filters } from "./filters.js";
import { follow } from "./stream.js";
import { Table } from "./table.js";
import { load } from "./text.js";
import { Voice } from "./voice.js";
import { trouble } from "./words.js";

const get = (id) => document.getElementById(id);
const reasons = ["norole", "refused", "again", "provider", "store"];
let t, table, filters, stop, exams = [], heardAt = Date.now(), ahead = 0, counting = false;
const incidents = new Map();

start();

async function start() {
  t = await load("/board/text.json");
  document.title = t("title");
  const failed = await useLink();
  const me = (await ask("/board/signin/state"))?.signed_in ? await ask("/api/v1/me") : null;
  if (!me || failed) return signIn(failed);
  get("identity").textContent = me.identity;
  get("who").hidden = false;
  get("out").addEventListener("click", signOut);
  const voice = new Voice(t, get("said"), get("sound"));
  table = new Table(get("rows"), t, (row) => voice.tell(row));
  filters = new Filters(t, () => {
    table.filter((row) => filters.shown(row));
    count();
  });
  table.filter((row) => filters.shown(row));
  get("exam").addEventListener("change", () => open(get("exam").value));
  setInterval(settle, 1000);
  get("board").hidden = false;
  await listExams();
}

// useLink signs in with the token in the address, and takes it out of there. It returns
// what went wrong; empty: nothing.
async function useLink() {
  const token = location.hash.slice(1);
  if (!token) return "";
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const answer = await fetch("/board/signin/link", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ token }) });
    return answer.ok ? "" : t("signin.failed", { why: (await answer.text()).trim() });
  } catch (e) {
    return t("signin.store");
  }
}

// ask returns an answer as JSON; null if there is none for who asks.
async function ask(address) {
  try {
    const answer = await fetch(address, { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch (e) {
    return null;
  }
}

// signIn shows how to sign in, and why nobody is.
async function signIn(failed = "") {
  stop?.();
  get("board").hidden = get("who").hidden = true;
  const why = new URLSearchParams(location.search).get("signin");
  const words = failed || (reasons.includes(why) ? t("signin." + why) : "");
  get("why").textContent = words;
  get("why").hidden = words === "";
  get("accounts").hidden = !(await ask("/board/signin/state"))?.accounts;
  get("signin").hidden = false;
}

async function signOut() {
  await fetch("/board/signout", { method: "POST" });
  signIn(t("signin.ended"));
}

async function listExams() {
  for (let after = ""; ;) {
    const page = await ask("/api/v1/exams?limit=1000" + (after && "&after=" + encodeURIComponent(after)));
    exams.push(...page?.exams ?? []);
    if (!page?.next) break;
    after = page.next;
  }
  const now = Date.now(), open = exams.filter((e) => !e.closed), wanted = new URLSearchParams(location.search).get("exam");
  exams = open.sort((a, b) => Date.parse(a.start) - Date.parse(b.start));
  get("exam").replaceChildren(...exams.map((e) => new Option(e.title ? t("exam.title", { title: e.title, exam: e.id }) : e.id, e.id)));
  const chosen = exams.find((e) => e.id === wanted) ?? exams.find((e) => Date.parse(e.end) > now) ?? exams.at(-1);
  if (!chosen) {
    get("headline").textContent = t("exam.none");
    return;
  }
  get("exam").value = chosen.id;
  show(chosen.id);
}

function open(id) {
  const address = new URL(location);
  address.searchParams.set("exam", id);
  history.replaceState(null, "", address);
  show(id);
}

// show follows an exam.
function show(id) {
  stop?.();
  incidents.clear();
  for (const row of table.rows()) table.remove(row.student);
  const e = exams.find((x) => x.id === id);
  const time = (at) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short", timeZone: e.zone }).format(new Date(at));
  get("when").textContent = t("when", { start: time(e.start), end: time(e.end), zone: e.zone });
  stop = follow(id, {
    page(p) {
      table.reset(p);
      incidents.clear();
      for (const i of p.incidents) incidents.set(i.id, i);
      showIncidents();
      count();
    },
    change(c) {
      if (c.row && !table.put(c.row)) return; // figures only: once a second
      if (c.gone) table.remove(c.gone);
      if (c.incident) incidents.set(c.incident.id, c.incident);
      if (c.over) incidents.delete(c.over);
      if (c.incident || c.over) showIncidents();
      soon();
    },
    fresh,
    clock(ms) { table.ahead = ahead = ms; },
    out: () => signIn(t("signin.ended")),
  });
}

// soon orders and counts once for all changes that came together.
function soon() {
  if (counting) return;
  counting = true;
  queueMicrotask(() => {
    counting = false;
    settle();
    count();
  });
}

// settle moves rows to their places, or says that they wait.
function settle() {
  const waiting = table.order();
  get("moved").hidden = waiting === 0;
  if (waiting) write("moved", t("moved", { count: waiting }));
}

function count() {
  const rows = table.rows(), bad = rows.filter((r) => trouble.includes(r.state)).length;
  filters.count(rows);
  write("headline", bad ? t("headline.trouble", { count: bad }) : rows.length ? t("headline.calm") : "");
  document.title = t("title.exam", { exam: get("exam").value, trouble: bad });
  const visible = rows.some((r) => filters.shown(r));
  get("empty").hidden = visible;
  write("empty", t(rows.length ? "empty.filtered" : "empty"));
}

// write changes a text where it differs: what is written is laid out again.
function write(id, text) {
  if (get(id).textContent !== text) get(id).textContent = text;
}

// fresh says whether the page is up to date.
function fresh(yes) {
  if (yes) heardAt = Date.now();
  document.body.classList.toggle("stale", !yes);
  if (get("stale").hidden === yes) return;
  get("stale").hidden = yes;
  get("stale").textContent = yes ? "" : t("stale", { time: new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" }).format(heardAt) });
}

// showIncidents shows what belongs to our side above the rows.
function showIncidents() {
  get("incidents").replaceChildren(...[...incidents.values()].map((i) => {
    const box = document.createElement("div"), p = document.createElement("p");
    box.className = "notice";
    p.dir = "auto";
    const since = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" }).format(new Date(i.since));
    p.textContent = t("incident", { since, sentence: i.sentence });
    box.append(p);
    return box;
  }));
}
