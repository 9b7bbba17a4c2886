// The line of one device while it is tested: its facts are judged whenever they change.
import { byId, say, state } from './dom.js';
import { t } from './texts.js';
import { factsOf } from './facts.js';
import { adviceOf, gradeOf, sentenceOf } from './findings.js';

const idOf = { camera: 'webcam', microphone: 'microphone' };
const again = 5e3; // ms until facts without an answer are judged again

/** The line of a device of a kind; refresh shows what the judge makes of its facts. */
export function deviceLine(kind, judge) {
	const element = byId(`${kind}-line`);
	let asked = '', said = '', retry = 0;
	const tell = (grade, text, advice = '') => {
		state(element, grade, advice ? `${text} ${advice}` : text);
		if (said === text) return;
		said = text;
		say(`${t(kind)}: ${text}`);
	};
	const judged = findings => {
		const f = findings.find(x => x.id === idOf[kind]);
		if (f) tell(gradeOf[f.status], sentenceOf(f), adviceOf(f));
		else tell('none', t('equipment.unasked'));
	};
	return {
		/** Facts without access are not settled yet. */
		refresh(facts) {
			if (!facts.access) {
				asked = said = '';
				state(element, 'none', t(`${kind}.starting`));
				return;
			}
			// Counts and levels go on changing; what they mean does not.
			const key = JSON.stringify({ ...facts, frames: facts.frames > 0, level_dbfs: 0 });
			if (key === asked && !(retry && performance.now() > retry)) return;
			asked = key;
			retry = 0;
			judge.judge(factsOf({ [kind]: facts })).then(findings => { if (key === asked) judged(findings); }, e => {
				if (key !== asked) return;
				tell('none', t('equipment.unjudged', { why: e.sentence ?? String(e) }));
				retry = performance.now() + again;
			});
		},
	};
}
