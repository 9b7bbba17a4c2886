// The worker of a watch: it stays connected to the server, which leads, answers what the
// server sends, keeps the record, and notices when this page could not answer. A worker's
// timers run while its page is hidden.

import { openLine } from "/check/line.js";
import { Reflector } from "/check/reflector.js";
import { sendTrain } from "/check/train.js";
import { countLines, keepLines, keepWatch, readWatch } from "./kept.js";

const controlVersion = 2;
// In milliseconds; chosen by us.
const tick = 1000;
const missing = 2500; // a later tick was an absence
const silent = 5000; // then another connection is tried
const aliveEvery = 5000; // how often the time is kept at which this page was last alive
const pauses = [0, 500, 1000, 2000, 4000]; // before attempts to connect
const again = new Set(["shutdown", "busy", "full"]); // refusals that a later attempt may not get

let o; // {token, id, origin, certificate, system}
let line = null, flow = 0, heard = 0, over = false, leaving = false;
let after = 0, record = "", taken = 0, ticket;
let away = []; // {why, from, to}, by Date.now()
let offline = 0; // since when; 0: not

self.onmessage = ({ data }) => {
  if (data.bye) leave();
  else begin(data);
};

async function begin(options) {
  o = options;
  const was = await readWatch(o.id).catch(() => ({})); // no storage: nothing was kept
  ticket = was.ticket;
  record = was.record ?? "";
  if (record) taken = await countLines(o.id, record).catch(() => 0);
  if (taken) self.postMessage({ lines: taken });
  if (was.alive && was.ticket) away.push({ why: "closed", from: was.alive, to: Date.now() });
  setInterval(look, tick);
  self.addEventListener("offline", () => { offline = Date.now(); });
  self.addEventListener("online", () => note("offline", offline));
  for (let n = 0; !over; n = Math.min(n + 1, pauses.length - 1)) {
    await new Promise((resolve) => setTimeout(resolve, pauses[n]));
    try {
      if (await session()) n = -1;
    } catch (e) {
      if (e.final) end(e.sentence);
    }
    if (!over) self.postMessage({ lost: true });
  }
}

// note adds an absence that ends now, and tells the server if it can.
function note(why, from) {
  offline = 0;
  if (!from) return;
  away.push({ why, from, to: Date.now() });
  present();
}

let looked = Date.now(), ticked = performance.now(), kept = 0;

// look notices that this worker did not run.
function look() {
  const wall = Date.now(), now = performance.now();
  const slept = wall - looked - (now - ticked), late = wall - looked;
  if (late > missing) note(slept > missing ? "asleep" : "paused", looked);
  looked = wall;
  ticked = now;
  if (line && now - heard > silent) line.close();
  if (line && wall - kept > aliveEvery) {
    kept = wall;
    keepWatch(o.id, { alive: wall }).catch(() => {});
  }
}

const send = (m) => line?.control({ v: controlVersion, ...m });

// present tells the server what is kept here, and when this page was away.
function present() {
  if (!line || !flow) return;
  const now = Date.now(), ago = (at) => Math.max(now - at, 0) / 1000;
  const last = away.splice(0).slice(-16).map(({ why, from, to }) => ({ why, from_seconds_ago: ago(from), to_seconds_ago: ago(to) }));
  send({ type: "present", present: { after, record, taken, away: last } });
}

// session is one connection. It resolves when that has ended, to whether it was a session;
// an error is final if another attempt would end in the same way.
async function session() {
  const mine = await openLine(o.origin, o.certificate);
  const reflector = new Reflector(mine, (m) => mine.control({ v: controlVersion, ...m }));
  let train = null, welcome = false;
  heard = performance.now();
  line = mine;
  flow = 0;
  try {
    await new Promise((resolve, reject) => {
      mine.onpacket = (bytes, at) => {
        heard = at;
        const feedback = reflector.packet(bytes, at);
        if (feedback) train?.feedback(feedback);
      };
      mine.onmessage = (m) => {
        switch (m.type) {
          case "welcome":
            welcome = true;
            flow = m.welcome.flow;
            ticket = m.welcome.resume;
            keepWatch(o.id, { ticket, alive: Date.now() }).catch(() => {});
            present();
            self.postMessage({ connected: true });
            break;
          case "refused":
            reject({ final: !again.has(m.refused.reason), sentence: m.refused.detail || m.refused.reason });
            break;
          case "train-request":
            train?.stop();
            train = null;
            if (m.train_request.direction === "up") train = sendTrain(mine, flow, m.train_request, (x) => mine.control({ v: controlVersion, ...x }));
            else reflector.expect(m.train_request.train);
            break;
          case "watched":
            watched(m.watched);
            break;
        }
      };
      mine.onend = resolve;
      mine.control({
        v: controlVersion, type: "hello", id: 1,
        hello: {
          token: o.token, client: "page", system: o.system.slice(0, 64), purpose: "watch", time: new Date().toISOString(), no_exporter: true, led: true,
          without: mine.without, resume: ticket,
        },
      });
    });
    return welcome;
  } finally {
    train?.stop();
    reflector.end();
    line = null;
    mine.close();
  }
}

let keeping = Promise.resolve();

// watched takes what the server says of the watch.
function watched(m) {
  if (m.record !== record) {
    record = m.record;
    taken = after = 0;
    self.postMessage({ anew: true });
    keepWatch(o.id, { record }).catch(() => {});
  }
  if (m.state) {
    after = m.state.last_point;
    self.postMessage({ state: m.state });
  }
  keeping = keeping.then(() => keep(m)).catch((e) => self.postMessage({ unkept: String(e?.message ?? e) }));
  if (m.over) keeping.then(() => end(m.over));
}

async function keep({ record: of, first, lines }) {
  if (!lines?.length || of !== record) return;
  await keepLines(o.id, of, first, lines);
  taken = Math.max(taken, first + lines.length - 1);
  self.postMessage({ lines: taken });
  present();
}

// leave ends the watch as the student wants it.
function leave() {
  leaving = true;
  if (line && flow) send({ type: "bye", bye: { reason: "done" } });
  else end("");
}

// end ends everything; why is in words, "": the student's own wish.
function end(why) {
  over = true;
  keepWatch(o.id, { ticket: undefined, alive: 0 }).catch(() => {}).finally(() => {
    self.postMessage({ over: leaving ? "" : why, ended: true });
    line?.close();
  });
}
