// The page of a watch on this computer: it asks the program for the state once a second
// and shows it. It changes nothing there.

import { load } from "./text.js";
import { gone, last, show, take } from "./view.js";

const every = 1000; // milliseconds; a page that is not seen asks less often
const whenHidden = 5000;

show(await load());
await ask();

// ask gets the state and shows it, again and again.
async function ask() {
  let answered = false;
  try {
    const answer = await fetch(`state.json?after=${last()}`);
    if (answer.ok) {
      take(await answer.json());
      answered = true;
    }
  } catch (e) {
    if (!(e instanceof TypeError)) throw e; // a TypeError: nobody answers
  }
  if (!answered) gone();
  setTimeout(ask, document.hidden ? whenHidden : every);
}
