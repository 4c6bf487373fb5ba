// The counters of SHOW STATUS.

import type { SessionRegistry } from '#aggregator/session-registry.ts';
import type { PlanCache } from '#aggregator/kept-plans/plan-cache.ts';
import type { LeafDirectory } from '#aggregator/aggregator-context.ts';
import type { Session } from '#aggregator/session.ts';

/** Name and value, ordered by name. Counters that nothing here counts are left out. */
export function statusValues(sources: {
  readonly registry: SessionRegistry;
  readonly plans: PlanCache;
  readonly leaves: LeafDirectory;
  readonly session: Pick<Session, 'tls' | 'isCompressed'>;
}): readonly (readonly [string, string])[] {
  const { registry, plans, leaves, session } = sources;
  const { counters, prepared, traffic } = registry;
  const running = registry.list().filter((process) => process.command !== 'Sleep').length;
  const leafIds = leaves.nodes().filter((node) => node.kind === 'leaf');
  const online = leafIds.filter((node) => leaves.isOnline(node.id));
  const values: Record<string, string | number> = {
    Aborted_clients: counters.abortedClients,
    Aborted_connects: counters.aborted,
    Bytes_received: traffic.bytesReceived,
    Bytes_sent: traffic.bytesSent,
    ...registry.statements.values(),
    Com_stmt_close: prepared.closes,
    Com_stmt_execute: prepared.executes,
    Com_stmt_prepare: prepared.prepares,
    Compression: session.isCompressed ? 'ON' : 'OFF',
    Connections: counters.connections,
    Max_used_connections: counters.maxUsed,
    Plan_cache_bytes: plans.bytes,
    Plan_cache_entries: plans.size,
    Plan_cache_evictions: plans.counters.evicted,
    Plan_cache_hits: plans.counters.hits,
    Plan_cache_misses: plans.counters.misses,
    Plan_cache_not_kept: plans.counters.notKept,
    Prepared_stmt_count: prepared.held,
    Queries: counters.questions,
    Questions: counters.questions,
    Slow_queries: counters.slow,
    Ssl_cipher: session.tls?.cipher ?? '',
    Ssl_version: session.tls?.version ?? '',
    Threads_cached: 0,
    Threads_connected: registry.size,
    Threads_created: counters.connections,
    Threads_running: running,
    Twinleaf_event_loop_delay_max_ms: registry.eventLoop.delay.max.toFixed(1),
    Twinleaf_event_loop_delay_p50_ms: registry.eventLoop.delay.p50.toFixed(1),
    Twinleaf_event_loop_delay_p99_ms: registry.eventLoop.delay.p99.toFixed(1),
    Twinleaf_leaves: leafIds.length,
    Twinleaf_leaves_online: online.length,
    Twinleaf_memory_rss_bytes: process.memoryUsage.rss(),
    Uptime: Math.floor(registry.uptimeMs / 1000),
    Uptime_since_flush_status: Math.floor(registry.uptimeMs / 1000),
  };
  return Object.entries(values)
    .map(([name, value]) => [name, String(value)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}
