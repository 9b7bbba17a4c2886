// The receipt: shown, copied, saved.
import { byId, make, say, show } from './dom.js';
import { t } from './texts.js';

/** Shows the receipt of a report, or that it is owed. */
export function showReceipt(report) {
	const text = report?.receipt ?? '';
	show('receipt', text !== '');
	show('owed', Boolean(report?.receipt_owed));
	byId('receipt-text').textContent = text;
	byId('copy').onclick = async () => {
		try {
			await navigator.clipboard.writeText(text);
			say(t('receipt.copied'));
		} catch {
			getSelection().selectAllChildren(byId('receipt-text'));
			say(t('receipt.uncopied'));
		}
	};
	byId('download').onclick = () => save(fileName(report), `${text}\n`);
}

// fileName names the file as the program does: exam, day, time.
function fileName(report) {
	const two = n => String(n).padStart(2, '0'), d = new Date(report.started);
	const exam = report.exam.replace(/[^A-Za-z0-9._-]/g, '_');
	return `${exam}-${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}-${two(d.getHours())}${two(d.getMinutes())}${two(d.getSeconds())}.receipt`;
}

function save(name, text) {
	const address = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
	const a = make('a', { href: address, download: name });
	document.body.append(a);
	a.click();
	a.remove();
	setTimeout(() => URL.revokeObjectURL(address), 60e3);
}
