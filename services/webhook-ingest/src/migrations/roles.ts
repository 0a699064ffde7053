/** The role the service works as: it adds evidence and facts, and changes neither. */
export const SERVICE_ROLE = 'paylog_webhook_ingest';

/** The role that may end bodies: by age (retention) or one by one (redaction), announced first. */
export const ARCHIVIST = 'paylog_archivist';
