/** Thrown where there is no answer to give: bad configuration, a report that can't be fetched. */
export class GatewayFault extends Error {
  override readonly name = 'GatewayFault';

  constructor(
    readonly code: string,
    message: string,
    /** The same again may work later. */
    readonly transient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
