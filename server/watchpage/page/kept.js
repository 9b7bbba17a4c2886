// What a watch keeps in this browser: the ticket of its session, when it was last alive,
// and the lines of its records. It is the student's own.

const request = (r) => new Promise((resolve, reject) => {
  r.onsuccess = () => resolve(r.result);
  r.onerror = () => reject(r.error);
});

let opened;

const database = () => opened ??= new Promise((resolve, reject) => {
  const r = indexedDB.open("examlink", 1);
  r.onupgradeneeded = () => {
    r.result.createObjectStore("watches"); // {ticket, alive}, by the token's number
    r.result.createObjectStore("lines"); // by [token's number, record, number of the line]
  };
  r.onsuccess = () => resolve(r.result);
  r.onerror = () => reject(r.error);
});

async function within(name, mode, work) {
  const change = (await database()).transaction(name, mode);
  const done = new Promise((resolve, reject) => {
    change.oncomplete = resolve;
    change.onabort = change.onerror = () => reject(change.error);
  });
  const result = await work(change.objectStore(name));
  await done;
  return result;
}

// readWatch returns what is kept of the watch of a token; {}: nothing.
export const readWatch = async (token) => await within("watches", "readonly", (s) => request(s.get(token))) ?? {};

// keepWatch adds to what is kept of the watch of a token.
export const keepWatch = (token, more) => within("watches", "readwrite", async (s) => {
  await request(s.put({ ...await request(s.get(token)), ...more }, token));
});

const all = (token, record) => IDBKeyRange.bound([token, record, 0], [token, record, Infinity]);

// keepLines keeps lines of a record, the first of which has a number.
export const keepLines = (token, record, first, lines) => within("lines", "readwrite", async (s) => {
  await Promise.all(lines.map((line, i) => request(s.put(line, [token, record, first + i]))));
});

// countLines returns how many lines of a record are kept without a gap, from the first.
export const countLines = (token, record) => within("lines", "readonly", async (s) => {
  const keys = await request(s.getAllKeys(all(token, record)));
  const gap = keys.findIndex(([, , n], i) => n !== i + 1);
  return gap < 0 ? keys.length : gap;
});

// readRecords returns the records of a token, each with {record, first, lines}: first is 1
// unless the beginning is missing.
export const readRecords = (token) => within("lines", "readonly", async (s) => {
  const range = IDBKeyRange.bound([token], [token, []]);
  const [keys, lines] = await Promise.all([request(s.getAllKeys(range)), request(s.getAll(range))]);
  const records = new Map();
  keys.forEach(([, record, n], i) => {
    if (!records.has(record)) records.set(record, { record, first: n, lines: [] });
    records.get(record).lines.push(lines[i]);
  });
  return [...records.values()];
});
