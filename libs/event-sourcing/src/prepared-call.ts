import type { Connection, Submittable } from 'pg';
import type { KeptStatement } from './log-sql.js';

/** Missing in the types of node-postgres: what a connection has prepared, by name. Its client notes it. */
interface Prepared {
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
}

/** The columns of the one row that a call answers, as text. */
export type AnsweredRow = (string | null)[];

/** One call of a prepared statement, on node-postgres's own connection and parser: see `CallWriter` for why. */
export class PreparedCall implements Submittable {
  /** Both as the client looks for them, when it notes what is prepared. */
  readonly name: string;
  readonly text: string;
  readonly answer: Promise<AnsweredRow>;
  readonly #message: Buffer;
  #row: AnsweredRow | undefined;
  #resolve: (row: AnsweredRow) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  /** `message`: of a `CallWriter`, for the statement of this name. */
  constructor({ name, text }: KeptStatement, message: Buffer) {
    this.name = name;
    this.text = text;
    this.#message = message;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  submit(connection: Connection): void {
    const { parsedStatements } = connection as unknown as Prepared;
    const { name, text } = this;
    connection.stream.cork();
    if (parsedStatements[name] === undefined) connection.parse({ name, text, types: [] }, true);
    connection.stream.write(this.#message);
    connection.stream.uncork();
  }

  handleDataRow({ fields }: { readonly fields: AnsweredRow }): void {
    this.#row = fields;
  }

  handleCommandComplete(): void {}

  handleError(error: Error): void {
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#row) this.#resolve(this.#row);
    else this.#reject(new Error(`${this.name} answered no row`));
  }
}
