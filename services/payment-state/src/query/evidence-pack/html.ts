/** Markup. Only `html` makes it, so whatever else is put into a page is text. */
export class Html {
  constructor(readonly markup: string) {}
}

type Piece = Html | string | number | undefined | readonly Piece[];

/**
 * A template whose values are escaped, but for markup that `html` made; lists are joined, nothing is left out where nothing
 * is known. Values may stand in elements and in quoted attributes, never in scripts or styles.
 */
export function html(template: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return new Html(String.raw({ raw: template }, ...values.map(markupOf)));
}

function markupOf(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Html) return piece.markup;
  if (typeof piece === 'object') return piece.map(markupOf).join('');
  return escapeText(String(piece));
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Marks that turn the direction of writing could make a text read as another: they are shown as what they are not. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

function escapeText(text: string): string {
  return text.replace(DIRECTION, '\ufffd').replace(/[&<>"']/g, (sign) => ESCAPED[sign] ?? '');
}
