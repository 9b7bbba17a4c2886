// Elements are made by name and filled with text, never from markup.
import { shape } from './state.js';

/** The element with an id. */
export const byId = id => document.getElementById(id);

/** Makes an element. Attributes that are undefined or false are left out. */
export function make(name, attributes = {}, ...children) {
	const e = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (value !== undefined && value !== false) e.setAttribute(key, value === true ? '' : value);
	}
	e.append(...children.filter(c => c !== undefined && c !== null));
	return e;
}

/** Shows or hides an element, with its text if one is given. */
export function show(id, visible, text) {
	const e = byId(id);
	if (text !== undefined) e.textContent = text;
	e.hidden = !visible;
	return e;
}

/** Gives an element the shape and the words of a state. Grades are those of state.js. */
export function state(e, grade, text) {
	if (e.textContent === text && e.classList.contains(grade)) return e; // no needless announcement
	e.className = `state sentence ${grade}`;
	e.replaceChildren(shape(grade), make('span', {}, text));
	return e;
}

/** Has a screen reader say a text when it is idle. */
export function say(text) {
	byId('say').textContent = text;
}
