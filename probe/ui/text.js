// Texts of a page, from the catalogue that the server chooses by the browser's
// languages, or by ?lang= in the page's address.

// load reads the catalogue, fills the page with it and returns t(key, values): the text
// of a key with its {places} filled. Where values has count, a key for its plural
// category is preferred.
export async function load(address = "text.json") {
  const lang = new URLSearchParams(location.search).get("lang");
  const answer = await fetch(address + (lang ? "?lang=" + encodeURIComponent(lang) : ""));
  const texts = await answer.json();
  document.documentElement.lang = texts.language;
  document.documentElement.dir = texts.direction;
  const plural = new Intl.PluralRules(texts.language);
  const t = (key, values = {}) => {
    const text = texts[`${key}.${plural.select(values.count ?? 0)}`] ?? texts[`${key}.other`] ?? texts[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  };
  for (const e of document.querySelectorAll("[data-text]")) e.textContent = t(e.dataset.text);
  return t;
}
