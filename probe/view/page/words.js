// Numbers and times in words, and rows of tables.

// mbit returns a rate in Mbit/s, to three digits.
export const mbit = (bits) => String(Number((bits / 1e6).toPrecision(3)));

// rateWords returns a rate with its interval, or its bound as a bound.
export function rateWords(t, r) {
  const value = r.bits_per_second, low = r.low_bits_per_second, high = r.high_bits_per_second;
  if (value != null) {
    return low != null && high != null && mbit(low) !== mbit(high)
      ? t("between", { value: mbit(value), low: mbit(low), high: mbit(high) }) : t("mbit", { value: mbit(value) });
  }
  if (low != null) return t("least", { value: mbit(low) });
  return high != null ? t("most", { value: mbit(high) }) : t("unknown");
}

// time returns a time in this computer's zone and its user's form, with its day if
// asked for.
export const time = (at, day = false) => new Intl.DateTimeFormat(undefined,
  day ? { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } : { timeStyle: "medium" }).format(new Date(at));

// lasted returns how long it was between two times, as they are shown: in whole seconds.
export function lasted(t, from, to) {
  const seconds = Math.max(Math.floor(Date.parse(to) / 1000) - Math.floor(Date.parse(from) / 1000), 0);
  if (seconds < 60) return t("seconds", { value: seconds });
  return seconds < 3600 ? t("minutes", { value: Math.floor(seconds / 60), rest: seconds % 60 }) : t("hours", { value: Math.floor(seconds / 3600), rest: Math.round(seconds % 3600 / 60) });
}

// row makes a row of a table from labels with a text or an element each; the first
// cell heads the row.
export function row(...cells) {
  const tr = document.createElement("tr");
  cells.forEach(([label, content], i) => {
    const cell = document.createElement(i === 0 ? "th" : "td");
    if (i === 0) cell.scope = "row";
    else cell.dataset.label = label;
    cell.append(content);
    tr.append(cell);
  });
  return tr;
}
