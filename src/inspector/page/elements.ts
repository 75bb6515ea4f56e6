/** The page's script, first part: elements of text and attributes; markup in what is shown stays text. */
export const ELEMENTS: string = String.raw`
const SVG = "http://www.w3.org/2000/svg";
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== false));
  return element;
}
const h = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const s = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
const $ = (id) => document.getElementById(id);

/** Puts elements for the items into a container; what has not changed stays, with its focus and what is open. */
function show(container, items, keyOf, make) {
  const before = container.shown || new Map();
  const after = new Map();
  for (const item of items) {
    const key = String(keyOf(item));
    const text = JSON.stringify(item);
    const known = before.get(key);
    if (known && known.text === text) after.set(key, known);
    else {
      const element = make(item);
      if (known) {
        const hadFocus = known.element.contains(document.activeElement);
        if (known.element.open) element.open = true;
        known.element.replaceWith(element);
        if (hadFocus) (element.querySelector("summary, button, [tabindex]") || element).focus();
      }
      after.set(key, { text, element });
    }
  }
  for (const [key, { element }] of before) if (!after.has(key)) element.remove();
  let place = container.firstChild;
  for (const { element } of after.values()) {
    if (element === place) place = place.nextSibling;
    else container.insertBefore(element, place);
  }
  container.shown = after;
}

const empty = (text) => h("p", { class: "empty" }, text);
const ms = (time) =>
  time === undefined || time === null ? "…" : time < 1 ? time.toFixed(2) + " ms" : time < 100 ? time.toFixed(1) + " ms"
    : time < 10_000 ? Math.round(time) + " ms" : (time / 1000).toFixed(1) + " s";
const span = (time) => {
  const seconds = Math.round(time / 1000);
  return seconds < 60 ? seconds + " s" : seconds < 3600 ? Math.floor(seconds / 60) + " min " + (seconds % 60) + " s"
    : Math.floor(seconds / 3600) + " h " + Math.floor((seconds % 3600) / 60) + " min";
};
const rateText = (rate) => (rate === undefined ? "" : rate >= 100 ? Math.round(rate) + "/s" : rate.toFixed(1) + "/s");
const short = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);
`;
