import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiForbiddenResponse } from '@nestjs/swagger';
import { type CallerIdentity, Problem, RequireScopes } from '@paylog/http';

/** On a controller: what it answers is of all storefronts, so it needs a key for all of them too (`assertFinance`). */
export function ForFinance(): ClassDecorator {
  return applyDecorators(
    RequireScopes('finance:read'),
    ApiBearerAuth(),
    ApiForbiddenResponse({ description: 'The key lacks `finance:read`, or is one storefront’s' }),
  );
}

export function assertFinance(caller: CallerIdentity): void {
  if (caller.kind === 'api_key' && caller.storefront === '*') return;
  throw Problem.forbidden('The books are of all storefronts: use an API key for storefront *.');
}
