// Equipment is judged by the server: what was found goes there, findings come back.
import { openLine } from './line.js';

const controlVersion = 2;
const patience = 10e3; // ms until an answer counts as lost; chosen by us

/** Asks the server what the exam of a join token makes of a computer. It connects when it is asked first. */
export class Judge {
	constructor(token) {
		this.token = token;
		this.asked = new Map(); // questions without an answer, by number
		this.number = 1;
	}

	/**
	 * Judges facts, examlink.equipment-facts/1. It resolves to the findings, and rejects
	 * with {sentence} if there is no judgement.
	 */
	async judge(facts) {
		this.line ??= this.connect();
		const line = await this.line;
		return new Promise((resolve, reject) => {
			const id = ++this.number, late = setTimeout(() => this.fail('The server did not answer.'), patience);
			const settle = f => v => {
				clearTimeout(late);
				this.asked.delete(id);
				f(v);
			};
			this.asked.set(id, { resolve: settle(resolve), reject: settle(reject) });
			line.control({ v: controlVersion, type: 'equipment', id, equipment: { facts } });
		});
	}

	async connect() {
		const { certificate } = document.documentElement.dataset;
		try {
			const line = await openLine(location.origin, certificate);
			line.onend = () => this.open === line && this.fail('The connection to the server ended.');
			this.open = line;
			line.onmessage = m => this.take(m);
			line.control({ v: controlVersion, type: 'hello', id: 1, hello: {
				token: this.token, client: 'page', system: navigator.userAgent.slice(0, 64), purpose: 'equipment', time: new Date().toISOString(),
				no_exporter: true, led: true, without: line.without,
			} });
			return line;
		} catch (e) {
			this.line = undefined; // the next question tries again
			throw { sentence: e.sentence ?? String(e.message ?? e) };
		}
	}

	take(m) {
		if (m.type === 'equipment') this.asked.get(m.id)?.resolve(m.equipment.judgement.findings);
		if (m.type !== 'refused') return;
		const why = m.refused.detail || m.refused.reason;
		if (this.asked.has(m.id)) this.asked.get(m.id).reject({ sentence: why });
		else this.fail(why);
	}

	// fail ends the connection and every question on it; the next question opens another.
	fail(sentence) {
		this.line?.then(l => l.close(), () => {});
		this.line = this.open = undefined;
		for (const q of [...this.asked.values()]) q.reject({ sentence });
	}

	/** Ends the connection. */
	close() { this.fail('The page is done.'); }
}
