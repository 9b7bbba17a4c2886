// Findings about the equipment in the words of the catalogue, and one verdict on
// everything. Pure.
import { known, t } from './texts.js';

/** The grade of each status. */
export const gradeOf = { met: 'good', 'only-just': 'fair', 'not-met': 'bad', 'not-known': 'none' };

// The words of a key, or those that came with the finding, in English.
const words = (key, f, came) => known(`finding.${key}`) ? t(`finding.${key}`, f.values) : came;

/** What a finding is about. */
export const subjectOf = f => words(f.id, f, f.id);

/** A finding in a sentence. */
export const sentenceOf = f => words(f.words, f, f.sentence);

/** What to do about a finding, or where it can be known; '' if nothing. */
export const adviceOf = f => f.advice ? words(f.advice, f, f.remedy ?? f.find_out) : '';

// Devices can be tested here, so that not to know them counts; what no page can know does
// not.
const untested = f => f.status === 'not-known' && ['webcam', 'microphone'].includes(f.id);

/**
 * One verdict on network and equipment: {outcome, sentence}. network is the verdict of
 * the report, or the sentence that says why there is none; equipment is {findings}, or
 * the same.
 */
export function judgeAll(network, { findings = [], sentence }) {
	const first = is => findings.find(is), of = (key, f) => t(key, { line: sentenceOf(f) });
	const missed = first(f => f.status === 'not-met'), unclear = first(untested), below = first(f => f.status === 'only-just');
	if (network.outcome === 'not ready') return network;
	if (missed) return { outcome: 'not ready', sentence: of('verdict.missed', missed) };
	if (!network.outcome) return { outcome: 'inconclusive', sentence: t('verdict.unmeasured', { line: network.sentence }) };
	if (network.outcome === 'inconclusive') return network;
	if (sentence) return { outcome: 'inconclusive', sentence: t('verdict.unjudged', { line: sentence }) };
	if (unclear) return { outcome: 'inconclusive', sentence: of('verdict.unclear', unclear) };
	if (network.outcome === 'ready' && below) return { outcome: 'marginal', sentence: of('verdict.below', below) };
	return network;
}
