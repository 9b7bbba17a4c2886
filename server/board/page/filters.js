// Filters: states with their counts, a group, a search.

import { stateBadge, states } from "./words.js";

const get = (id) => document.getElementById(id);

// Filters decides which rows are shown; changed is called when that changes.
export class Filters {
  constructor(t, changed) {
    this.t = t;
    this.changed = changed;
    this.only = new Set();
    this.buttons = new Map();
    const group = get("filters");
    group.setAttribute("aria-label", t("filters"));
    for (const state of ["", ...Object.keys(states)]) {
      const b = document.createElement("button");
      b.type = "button";
      b.addEventListener("click", () => this.press(state));
      group.append(b);
      this.buttons.set(state, b);
    }
    get("find").addEventListener("input", () => changed());
    get("group").addEventListener("change", () => changed());
  }

  press(state) {
    if (state === "") this.only.clear();
    else if (!this.only.delete(state)) this.only.add(state);
    this.changed();
  }

  // shown reports whether a row is shown.
  shown(row) {
    const words = get("find").value.trim().toLocaleLowerCase(), group = get("group").value;
    return (this.only.size === 0 || this.only.has(row.state)) && (group === "" || row.group === group) &&
      (words === "" || row.student.toLocaleLowerCase().includes(words));
  }

  // count shows how many rows there are of each state, and the groups.
  count(rows) {
    const counts = new Map();
    for (const r of rows) counts.set(r.state, (counts.get(r.state) ?? 0) + 1);
    for (const [state, b] of this.buttons) {
      const count = state === "" ? rows.length : counts.get(state) ?? 0;
      const pressed = state === "" ? this.only.size === 0 : this.only.has(state);
      const label = state === "" ? this.t("filter.all", { count }) : this.t("filter", { word: this.t("state." + state), count });
      if (b.dataset.said !== label) {
        b.dataset.said = label;
        b.replaceChildren(state === "" ? label : stateBadge(state, label));
      }
      b.setAttribute("aria-pressed", String(pressed));
      b.hidden = state !== "" && count === 0 && !pressed;
    }
    const groups = [...new Set(rows.map((r) => r.group).filter(Boolean))].sort(), known = groups.join("\n"), select = get("group");
    get("groups").hidden = groups.length === 0;
    if (select.dataset.known !== known) {
      select.dataset.known = known;
      const was = select.value;
      select.replaceChildren(new Option(this.t("group.all"), ""), ...groups.map((g) => new Option(g, g)));
      select.value = groups.includes(was) ? was : "";
    }
  }
}
