// What is said: to a screen reader which students got worse, a few at a time, and a quiet
// sound for those who are dropped, if it is wanted.

const every = 2000; // milliseconds between two announcements
const names = 3; // in one announcement
const soundEvery = 10000;
const kept = "examlink-board-sound";

export class Voice {
  constructor(t, place, box) {
    this.t = t;
    this.place = place;
    this.box = box;
    this.waiting = new Map();
    box.checked = localStorage.getItem(kept) === "on";
    box.addEventListener("change", () => {
      localStorage.setItem(kept, box.checked ? "on" : "off");
      if (box.checked) this.sound(true); // so that one knows what it is like
    });
  }

  // tell takes a row that got worse.
  tell(row) {
    this.waiting.set(row.student, row);
    this.timer ??= setTimeout(() => this.say(), this.last && Date.now() - this.last < every ? every : 0);
    if (row.state === "dropped") this.sound();
  }

  say() {
    const rows = [...this.waiting.values()].sort((a, b) => a.rank[0] - b.rank[0]);
    this.waiting.clear();
    this.timer = undefined;
    this.last = Date.now();
    const words = rows.slice(0, names).map((r) => this.t("told", { student: r.student, state: this.t("state." + r.state) }));
    if (rows.length > names) words.push(this.t("told.more", { count: rows.length - names }));
    this.place.textContent = words.join(", ");
  }

  sound(now = false) {
    if (!this.box.checked || !now && this.sounded && Date.now() - this.sounded < soundEvery) return;
    this.sounded = Date.now();
    this.audio ??= new AudioContext();
    const tone = this.audio.createOscillator(), volume = this.audio.createGain(), at = this.audio.currentTime;
    tone.frequency.value = 520;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.06, at + 0.03);
    volume.gain.linearRampToValueAtTime(0, at + 0.35);
    tone.connect(volume).connect(this.audio.destination);
    tone.start(at);
    tone.stop(at + 0.4);
  }
}
