import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AllowReadToken, annotate, Caller, type CallerIdentity, RequireScopes } from '@paylog/http';
import type { FastifyRequest } from 'fastify';
import { problemFor, toProblem } from '../ingest/answers.js';
import { KeyedRequests } from '../ingest/keyed-requests.js';
import { refusal } from '../intent/refusals.js';
import { IntentReader } from './intent-reader.js';
import { Verification } from './verification.js';
import type { IntentView } from './view.js';

/** What became of what a storefront asked for. A shopper's browser may look with the read token. */
@ApiTags('payment intents')
@ApiBearerAuth()
@Controller('v1/payment-intents')
@RequireScopes('payments:read')
export class IntentQueriesController {
  constructor(
    @Inject(IntentReader) private readonly reader: IntentReader,
    @Inject(Verification) private readonly verification: Verification,
    @Inject(KeyedRequests) private readonly keyed: KeyedRequests,
  ) {}

  @Get(':id')
  @AllowReadToken('id')
  @ApiOperation({ summary: 'The intent, and what the shopper must do next.' })
  get(
    @Req() request: FastifyRequest,
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
  ): Promise<IntentView> {
    return this.#seen(request, caller, id);
  }

  @Post(':id/verify')
  @HttpCode(200)
  @AllowReadToken('id')
  @ApiHeader({ name: 'Idempotency-Key', required: false })
  @ApiOperation({ summary: 'Ask the gateway now: for a shopper who came back, or an operator.' })
  async verify(
    @Req() request: FastifyRequest,
    @Caller() caller: CallerIdentity,
    @Param('id') id: string,
  ): Promise<IntentView> {
    await this.#seen(request, caller, id);
    return this.keyed.once(request, caller, {
      paymentId: id,
      run: async () => {
        await this.verification.verify(id);
        return this.#seen(request, caller, id);
      },
      // Tokens and redirects are not stored a second time.
      toStore: ({ nextAction: _action, readToken: _token, ...view }) => view,
      fromStored: (stored, at) => this.reader.withSecrets(stored as IntentView, at),
    });
  }

  async #seen(request: FastifyRequest, caller: CallerIdentity, id: string): Promise<IntentView> {
    const view = await this.reader.view(id);
    if (!view || !maySee(caller, view)) throw toProblem(problemFor(refusal('payment_not_found')));
    annotate(request, { paymentId: id, orderId: view.orderId });
    return view;
  }
}

/** Undefined and somebody else's look the same from outside. The token was checked against the path. */
function maySee(caller: CallerIdentity, view: IntentView): boolean {
  if (caller.kind === 'read_token') return caller.paymentId === view.paymentId;
  return caller.storefront === '*' || caller.storefront === view.storefront;
}
