// The board of one exam as the server has it: the whole of it, and then its changes. Each
// change has a number; the browser names the last one when it comes back, so that none is
// missed and none comes twice.

const quiet = 12000; // milliseconds without a beat until the page is out of date
const again = [1000, 5000]; // milliseconds between attempts: at least, at most

// follow follows the board of an exam until the returned function is called. The handlers
// are page(p), change(c), fresh(true or false), clock(milliseconds that the server is
// ahead) and out() when nobody is signed in any more.
export function follow(exam, handlers) {
  const base = `/api/v1/exams/${encodeURIComponent(exam)}/board`;
  let source, watchdog, retry, over = false, wait = again[0];

  start();
  return () => {
    over = true;
    stop();
  };

  function stop() {
    source?.close();
    clearTimeout(watchdog);
    clearTimeout(retry);
  }

  async function start() {
    stop();
    let page;
    try {
      const answer = await fetch(base, { cache: "no-store" });
      if (over) return;
      if (answer.status === 401 || answer.status === 403) return handlers.out(answer.status);
      if (answer.ok) page = await answer.json();
    } catch (e) {
      if (!(e instanceof TypeError)) throw e; // a TypeError: nobody answers
    }
    if (over) return;
    if (!page) return later();
    wait = again[0];
    handlers.clock(Date.parse(page.at) - Date.now());
    handlers.page(page);
    heard();
    source = new EventSource(`${base}/changes?after=${encodeURIComponent(page.mark)}`);
    source.addEventListener("change", (e) => {
      heard();
      handlers.change(JSON.parse(e.data));
    });
    source.addEventListener("beat", (e) => {
      handlers.clock(Date.parse(JSON.parse(e.data).at) - Date.now());
      heard();
    });
    source.addEventListener("gone", start);
    source.addEventListener("signedout", () => {
      stop();
      handlers.out(401);
    });
    source.addEventListener("error", () => {
      handlers.fresh(false);
      if (source.readyState === EventSource.CLOSED) later(); // refused: begin with the whole again
    });
  }

  // later begins again after a while, which differs from page to page.
  function later() {
    handlers.fresh(false);
    stop();
    retry = setTimeout(start, wait * (0.75 + Math.random() / 2));
    wait = Math.min(2 * wait, again[1]);
  }

  function heard() {
    handlers.fresh(true);
    clearTimeout(watchdog);
    watchdog = setTimeout(later, quiet); // a connection that is dead without a word
  }
}
