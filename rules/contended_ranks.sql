-- id: view/contended-ranks
-- view: contended_ranks
-- description: ranks that wanted to run and were not let, by what the kernel counted; a sentence for the evidence
-- throttled 5 % of the time: quotas that bite less often cost less than the scatter of a step.
-- waiting for a core: at least 10 % of the time of one core, and twice what the other ranks wait (on a full host all wait).
-- disk 5 %: single page faults show as much. memory 5 %: the same share of its time as a disk must have.
-- ten pages a second read back from a disk (swap, or mapped files that were dropped): 0.1 to 10 ms each, so up to a tenth of the
--    time; and ten times what the others read, because all read their programs at the start.
SELECT rank,
       CASE WHEN throttled_s >= 0.05 * seen_s
              THEN printf('; its control group had used up its CPU quota and was held back for %.1f s in %.1f s (cores added up): contention on the host, not its own work', throttled_s, seen_s)
            WHEN core_wait_s >= 0.1 * seen_s
                 AND core_wait_s >= 2 * (SELECT avg(core_wait_s) FROM kernel_ranks o WHERE o.rank <> kernel_ranks.rank)
              THEN printf('; its threads waited %.1f s in %.1f s for a free core: contention on the host, not its own work', core_wait_s, seen_s)
            WHEN disk_wait_s >= 0.05 * seen_s
              THEN printf('; it waited for a disk for %.1f of %.1f s', disk_wait_s, seen_s)
                   || coalesce((SELECT printf(' (%d requests, %.1f ms each)', w.disk_requests, 1e3 * w.disk_request_s / w.disk_requests)
                                FROM kernel_waits w WHERE w.rank = kernel_ranks.rank AND w.disk_requests > 0), '')
            WHEN (SELECT w.memory_wait_s FROM kernel_waits w WHERE w.rank = kernel_ranks.rank) >= 0.05 * seen_s
              THEN printf('; it waited %.1f s in %.1f s for memory to be freed: its host or control group is short of memory',
                          (SELECT w.memory_wait_s FROM kernel_waits w WHERE w.rank = kernel_ranks.rank), seen_s)
            WHEN major_faults >= 10 * seen_s
                 AND major_faults >= 10 * (SELECT avg(major_faults) FROM kernel_ranks o WHERE o.rank <> kernel_ranks.rank)
              THEN printf('; %d of its pages were read back from a disk in %.1f s: its host is short of memory (swap)', major_faults, seen_s)
            ELSE '' END AS contention
FROM kernel_ranks
