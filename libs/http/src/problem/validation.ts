import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from '@nestjs/common';
import { Problem } from './problem.js';
import type { FieldProblem } from './problem.js';

const ERRORS_MAX = 50;

/**
 * Unknown members are refused, plain objects become their DTO, every wrong field is named by its
 * path.
 */
export function validationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: false,
    exceptionFactory: (errors: ValidationError[]) => validationProblem(errors),
  });
}

export function validationProblem(validationErrors: readonly ValidationError[]): Problem {
  const errors = validationErrors.flatMap((error) => flatten(error, '')).slice(0, ERRORS_MAX);
  const [first] = errors;
  if (!first) return Problem.badRequest('The request is not valid.');
  return Problem.badRequest(first.detail, { field: first.field, errors });
}

function flatten(error: ValidationError, prefix: string): FieldProblem[] {
  const index = /^\d+$/.test(error.property);
  const separator = prefix === '' || index ? '' : '.';
  const field = `${prefix}${separator}${index ? `[${error.property}]` : error.property}`;
  const own = Object.values(error.constraints ?? {}).map((text) => ({
    field,
    // class-validator names the last part only; the whole path is what a caller can find.
    detail: text.replace(new RegExp(`^${escape(error.property)}(?= )`), field),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, field))];
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
