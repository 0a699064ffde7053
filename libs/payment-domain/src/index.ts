export type {
  AdoptionFact,
  AliasFact,
  DisputeFact,
  DisputeOutcome,
  DisputeStage,
  Fact,
  Kind,
  OperationFact,
  OriginFact,
  Outcome,
  RetractionFact,
  Source,
  TermsFact,
  TotalFact,
} from './fact.js';
export { DISPUTE_OUTCOMES, DISPUTE_STAGES, KINDS, OUTCOMES } from './fact.js';
export { FOREIGN_CAPTURE } from './captures.js';
export { eventName } from './event-name.js';
export type { FactSet } from './fact-set.js';
export { add, addAll, empty, merge } from './fact-set.js';
export { fold, leftToCapture, paymentOf } from './fold.js';
export type { Money } from './money.js';
export {
  addMoney,
  compareMoney,
  equalMoney,
  formatMajor,
  formatMinor,
  money,
  parseMajor,
  parseMinor,
  subtractMoney,
} from './money.js';
export { counted } from './operations.js';
export { isUnclaimed } from './origin.js';
export type {
  Adoption,
  Anomaly,
  AnomalyKind,
  Dispute,
  DisputeStatus,
  Label,
  Operation,
  OperationStatus,
  Origin,
  Payment,
  Transition,
} from './payment.js';
export { ANOMALIES, LABELS } from './payment.js';
export { GATEWAY_RELEASE } from './releases.js';
export type {
  ParticipantShare,
  RefundRule,
  Share,
  SharedBy,
  ShareSize,
  Splits,
  SplitsFlaw,
} from './splits.js';
export { apportion, netOf, owedTo, REFUND_RULES, sharesOf, splitsFlaw } from './splits.js';
export { transitions } from './transitions.js';
