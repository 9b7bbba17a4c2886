// The catalogue: every word of the page that does not come with a report.

let texts = {};

export async function loadTexts() {
	const answer = await fetch('/check/texts.json');
	if (!answer.ok) throw new Error(`texts: ${answer.status}`);
	texts = await answer.json();
}

/** The language of the page, a BCP 47 tag. */
export const language = () => texts.lang;

/** Whether the catalogue has a text. */
export const known = key => key in texts;

/**
 * A text with its values filled in. Each value is isolated, so that figures keep their
 * order in a language that runs from right to left.
 */
export function t(key, values = {}) {
	if (!known(key)) throw new Error(`the catalogue has no text ${key}`);
	const open = texts.dir === 'rtl' ? '\u2068' : '', close = open && '\u2069';
	return texts[key].replace(/\{(\w+)\}/g, (_, name) => {
		if (!(name in values)) throw new Error(`${key}: no value for ${name}`);
		return open + values[name] + close;
	});
}

/** A time of day and date as people of this language write it. */
export function moment(date, zone) {
	return new Intl.DateTimeFormat(language(), {
		weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZone: zone,
		timeZoneName: 'short', hourCycle: 'h23',
	}).format(date);
}
