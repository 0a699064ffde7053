/** A projection's table as the rebuild needs to know it. Nothing may depend on it (views). */
export interface ProjectionTable<Column extends string = string> {
  /** Qualified, for example `query.payments`. */
  readonly name: string;
  /** Its primary key. The row of a key is made from one stream. */
  readonly key: Column;
  /** What must come out the same. Leave out versions, positions and times of receipt. */
  readonly compared: readonly Column[];
  /** All that `refold` fills; any other column gets its default. */
  readonly columns: readonly Column[];
}

/** `null` is SQL's; anything else is sent as its text, which the column's type reads. */
export type TableRow<Column extends string = string> = Readonly<
  Record<Column, string | number | bigint | boolean | null>
>;
