// Figures of a report in words, as the program prints them: a test compares both.
import { t, known } from './texts.js';

// fixed rounds to a number of decimals, and halves to even, as Go does.
function fixed(x, decimals) {
	const exact = x.toFixed(Math.min(decimals + 60, 100)), keep = exact.length - (Math.min(decimals + 60, 100) - decimals);
	const kept = exact.slice(0, keep).replace(/\.$/, '');
	if (/^\.?50*$/.test(exact.slice(kept.length)) && /[02468]$/.test(kept)) return kept;
	return x.toFixed(decimals);
}

// three returns three significant digits without trailing zeros.
function three(x) {
	if (x === 0) return '0';
	const digits = fixed(x, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x)))));
	return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

const rounded = (x, scale) => Math.sign(x) * Math.round(Math.abs(x) * scale) / scale;

/** A number in the unit of a reason: bit/s, s or ratio. */
export function format(v, unit) {
	switch (unit) {
	case 'bit/s': {
		const m = v / 1e6;
		if (m >= 100) return `${fixed(m, 0)} Mbit/s`;
		if (m >= 10) return `${fixed(m, 1)} Mbit/s`;
		return `${three(rounded(m, 1000))} Mbit/s`;
	}
	case 's':
		if (Math.abs(v) < 0.9995) return `${three(rounded(v * 1e3, 100))} ms`;
		return `${three(v)} s`;
	case 'ratio':
		return `${three(rounded(v * 100, 100))} %`;
	}
	return String(v);
}

/** The value of a reason, or its bound if there is no value. */
export function formatValue(r) {
	if (r.value !== null) return format(r.value, r.unit);
	if (r.low !== null) return t('value.atleast', { value: format(r.low, r.unit) });
	return t(r.criterion === 'udp' ? 'value.blocked' : 'value.unknown');
}

/** The name of a criterion. */
export const nameOf = criterion => known(`criterion.${criterion}`) ? t(`criterion.${criterion}`) : criterion;

/** The result for a criterion, a key of the catalogue's standings. */
export function standing(r) {
	const minimum = r.against_minimum, recommended = r.against_recommended;
	if (r.criterion === 'udp') return 'only just';
	if (minimum === 'hidden' || recommended === 'hidden') return 'not measured';
	if (minimum === 'missed') return r.unit === 'bit/s' ? 'below minimum' : 'over the limit';
	if (minimum === 'unclear') return 'unclear';
	if (recommended === 'missed') return 'only just';
	if (recommended === 'unclear') return 'meets minimum';
	return 'good';
}

/** Whether a criterion counts against the link in no way. */
export const good = r => ![r.against_minimum, r.against_recommended].some(s => s === 'missed' || s === 'unclear');

/** The reasons: missed minima first, then what is unclear, then what is below the recommendation. */
export function worstFirst(reasons) {
	const rank = r => r.against_minimum === 'missed' ? 0 : r.against_minimum === 'unclear' ? 1 : good(r) ? 3 : 2;
	return [...reasons].sort((a, b) => rank(a) - rank(b));
}

/** The grade of each standing. */
export const gradeOf = {
	good: 'good', 'only just': 'fair', 'meets minimum': 'fair', unclear: 'none', 'below minimum': 'bad', 'over the limit': 'bad', 'not measured': 'none',
};
