import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';
import { findCardNumber } from './card-numbers.js';
import { keepRawBody, takesRawBody } from './raw-body.js';

/** Deeper JSON than this is refused before it is parsed. */
const DEPTH_MAX = 32;

/** What gateways send with a webhook, and Fastify takes for what it is. */
const USUAL_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;

type Done = (error: Error | null, body?: unknown) => void;

/**
 * Our own parsers in place of Fastify's: bytes for raw routes, JSON elsewhere, 415 for the rest.
 */
export function parseBodies(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();

  const json = (request: FastifyRequest, body: Buffer, done: Done): void => {
    if (takesRawBody(request)) return done(null, body);
    keepRawBody(request, body);
    // An empty body beside the JSON content type: many clients do that on a POST without arguments.
    if (body.length === 0) return done(null, undefined);
    if (!isUtf8(body)) return done(Problem.badRequest('The body is not valid UTF-8.'));
    if (deeperThan(DEPTH_MAX, body)) {
      return done(Problem.badRequest(`The body is nested deeper than ${DEPTH_MAX} levels.`));
    }
    void parseJson(request, body.toString('utf8'), (error, parsed) => {
      if (error) return done(Problem.badRequest('The body is not valid JSON.', { cause: error }));
      const field = findCardNumber(parsed);
      done(field === undefined ? null : cardNumber(field), parsed);
    });
  };
  fastify.addContentTypeParser(
    /^application\/(?:[\w.+-]+\+)?json(?:;|$)/,
    { parseAs: 'buffer' },
    json,
  );

  const other = (request: FastifyRequest, body: Buffer, done: Done): void => {
    if (takesRawBody(request)) return done(null, body);
    keepRawBody(request, body);
    if (body.length === 0) return done(null, undefined);
    done(
      new Problem(415, 'Send the body as application/json.', { code: 'unsupported_media_type' }),
    );
  };
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, other);
  hideContentTypeOfRawRoutes(fastify);
}

/**
 * Fastify answers 415 to a content type that is no media type at all before any parser runs. A
 * webhook must get through even so: the header is put aside while the body is read. A usual one is
 * left where it is.
 */
function hideContentTypeOfRawRoutes(fastify: FastifyInstance): void {
  const hidden = new WeakMap<object, string | undefined>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    if (takesRawBody(request) && !USUAL_TYPE.test(headers['content-type'] ?? '')) {
      hidden.set(request.raw, headers['content-type']);
      headers['content-type'] = 'application/octet-stream';
    }
    done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    if (takesRawBody(request) && hidden.has(request.raw)) {
      const contentType = hidden.get(request.raw);
      const { headers } = request.raw;
      if (contentType === undefined) delete headers['content-type'];
      else headers['content-type'] = contentType;
    }
    done();
  });
}

function cardNumber(field: string): Problem {
  return Problem.unprocessable('A text looks like a card number; never send one.', {
    code: 'card_number_refused',
    field,
  });
}

/** Counts brackets outside strings; cheap beside parsing, and bounded where a parser recurses. */
function deeperThan(max: number, json: Buffer): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (inString) {
      if (byte === 0x5c) index += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > max) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return false;
}
