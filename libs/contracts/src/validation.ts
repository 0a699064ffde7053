import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type Flaw, join } from './json.js';

const validators = new WeakMap<TSchema, { closed?: Validator; open?: Validator }>();

/**
 * The first thing that is wrong, or nothing. `open` lets unknown fields pass, so that a reader survives a writer that is
 * one version ahead of it.
 */
export function check(schema: TSchema, json: unknown, mode: 'closed' | 'open'): Flaw | undefined {
  const validator = validatorFor(schema, mode);
  return validator.Check(json) ? undefined : firstFlaw(validator.Errors(json));
}

/** A copy of the schema as plain JSON, with unknown fields allowed wherever fields are named. */
export function opened(schema: TSchema): TSchema {
  return JSON.parse(JSON.stringify(schema), (_, node: unknown) => {
    if (typeof node === 'object' && node !== null && 'properties' in node) {
      const { additionalProperties: _closed, ...rest } = node as Record<string, unknown>;
      return rest;
    }
    return node;
  }) as TSchema;
}

function validatorFor(schema: TSchema, mode: 'closed' | 'open'): Validator {
  const known = validators.get(schema) ?? {};
  validators.set(schema, known);
  return (known[mode] ??= Compile(mode === 'open' ? opened(schema) : schema));
}

/**
 * A union reports the errors of every branch. A branch whose `type` isn't the message's was never meant, so its errors
 * are left out, and the union's own summary too where a branch explains it.
 */
function firstFlaw(errors: readonly TLocalizedValidationError[]): Flaw {
  const notMeant = errors
    .filter((error) => error.keyword === 'const' && error.instancePath.endsWith('/type'))
    .map((error) => branchOf(error.schemaPath));
  const meant = errors.filter(
    (error) => !notMeant.some((branch) => branch !== '' && error.schemaPath.startsWith(branch)),
  );
  const specific = meant.filter((error) => error.keyword !== 'anyOf');
  const [error] = specific.length > 0 ? specific : meant.length > 0 ? meant : errors;
  return error ? toFlaw(error) : { path: '', error: 'is not valid' };
}

function branchOf(schemaPath: string): string {
  const branch = /^.*\/anyOf\/\d+(?=\/)/.exec(schemaPath);
  return branch ? `${branch[0]}/` : '';
}

function toFlaw(error: TLocalizedValidationError): Flaw {
  const path = error.instancePath;
  switch (error.keyword) {
    case 'required':
      return { path: join(path, error.params.requiredProperties[0] ?? ''), error: 'is required' };
    case 'additionalProperties':
      return {
        path: join(path, error.params.additionalProperties[0] ?? ''),
        error: 'is not a known field',
      };
    case 'boolean':
      return { path: path.slice(0, 200), error: 'is not a known field' };
    case 'enum':
      return { path, error: `must be one of ${error.params.allowedValues.join(', ')}` };
    case 'const':
      return { path, error: `must be ${JSON.stringify(error.params.allowedValue)}` };
    case 'format':
      return {
        path,
        error:
          error.params.format === 'iso4217' ? 'must be an ISO 4217 currency code' : error.message,
      };
    default:
      return { path, error: error.message };
  }
}
