import { Catch, type INestApplication, type RpcExceptionFilter } from '@nestjs/common';
import {
  BaseRpcContext,
  Server,
  type CustomTransportStrategy,
  type NestMicroservice,
} from '@nestjs/microservices';
import { isObservable, lastValueFrom, throwError, type Observable } from 'rxjs';
import { KafkaFault } from './fault.js';
import { GroupReader, type GroupReaderOptions } from './group-reader.js';
import type { Batch, Outcome } from './message.js';

/** What a handler may ask with `@Ctx()`: the group that reads. */
export class BatchContext extends BaseRpcContext<[group: string]> {
  get group(): string {
    return this.args[0];
  }
}

/**
 * The transport id of a group's consumer. A handler is bound to one group with
 * `@EventPattern<string>(topic, transportOf(group))`; needed where two groups of a process read one topic.
 */
export const transportOf = (group: string): symbol => Symbol.for(`paylog.kafka/${group}`);

/**
 * A consumer group as a Nest transport. A handler is `@EventPattern<string>(topic)`, takes a `Batch`, commits
 * `batch.from` → `batch.to` of `sourceOf(group, topic)` together with its effects, and returns an `Outcome`. Nest's own
 * Kafka transport blocks a partition for ever on a throwing handler and acknowledges what has no handler.
 */
export class BatchConsumer extends Server implements CustomTransportStrategy {
  /** Nest need not log what the reader logs. */
  override readonly propagatesEventHandlerErrors = true;
  private readonly reader: GroupReader;

  constructor(private readonly options: GroupReaderOptions) {
    super();
    this.transportId = transportOf(options.group) as never;
    this.reader = new GroupReader(options, (batch) => this.dispatch(batch));
  }

  /** Returns before Kafka answers: a service starts without it, and `probe` says `degraded`. */
  listen(callback: (error?: unknown) => void): void {
    for (const topic of this.options.topics) {
      const handler = this.getHandlerByPattern(topic);
      if (handler === null) return callback(notWired(this.options.group, topic, 'no handler'));
      if (handler.next !== undefined) {
        return callback(notWired(this.options.group, topic, 'more than one handler'));
      }
    }
    this.reader.start();
    callback();
  }

  close(): Promise<void> {
    return this.reader.close();
  }

  /** For `health.add('kafka …', consumer.probe)`. A broker that is away is never `down`. */
  readonly probe = async (): Promise<'up' | 'degraded'> => this.reader.status();

  on(): never {
    throw new KafkaFault('no_events', 'connect', false, 'BatchConsumer has no events; use probe');
  }

  unwrap<T>(): T {
    return this.reader as T;
  }

  private async dispatch(batch: Batch): Promise<Outcome> {
    const handler = this.getHandlerByPattern(batch.topic);
    const answer: unknown = await handler?.(batch, new BatchContext([this.options.group]));
    try {
      return isObservable(answer)
        ? await lastValueFrom(answer as Observable<Outcome>)
        : (answer as Outcome);
    } catch (error) {
      throw asThrown(error);
    }
  }
}

/** Nest turns a handler's error into `Internal server error`; retrying and parking need the error itself. */
@Catch()
class ErrorsAsThrown implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Connects consumers to an application; call `app.startAllMicroservices()` afterwards. The application's global HTTP
 * pipes and filters do not apply to them: batches are checked by their schemas.
 */
export function mountConsumers(app: INestApplication, consumers: readonly BatchConsumer[]): void {
  for (const strategy of consumers) {
    const options = { inheritAppConfig: false, deferInitialization: true };
    const microservice = app.connectMicroservice({ strategy }, options) as NestMicroservice;
    // A filter counts only for handlers registered after it. This is what connectMicroservice does when not deferred;
    // leaving it to `listen` would call the application's init hooks a second time.
    microservice.useGlobalFilters(new ErrorsAsThrown());
    microservice.registerListeners();
    microservice.setIsInitialized(true);
    microservice.setIsInitHookCalled(true);
  }
}

function asThrown(error: unknown): unknown {
  if (error instanceof Error) return error;
  const { status } = (error ?? {}) as { status?: unknown };
  if (status !== 'error') return error;
  // Swallowed by Nest: whether it passes by itself can't be known, so nothing may be parked for it.
  const why = 'a handler’s error was replaced by Nest: connect the consumer with mountConsumers';
  return new KafkaFault('error_swallowed', 'handle', true, why);
}

function notWired(group: string, topic: string, what: string): KafkaFault {
  const why = `group ${group} reads ${topic}, but there is ${what} for it: add exactly one @EventPattern`;
  return new KafkaFault('not_wired', 'connect', false, why);
}
