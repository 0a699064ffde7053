/** A value, or where and why it isn't one. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** `path` is a JSON pointer into the object. */
  | { readonly ok: false; readonly path: string; readonly error: string };

/** Reads JSON in UTF-8. A byte order mark may be part of the signed bytes, but is none of the JSON. */
export function parseJson(body: Uint8Array): Parsed<unknown> {
  try {
    return { ok: true, value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, path: '', error: `not JSON in UTF-8: ${why}` };
  }
}
