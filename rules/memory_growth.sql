-- id: memory/growth
-- class: memory.growth
-- severity: warning
-- description: what a rank holds in device memory grows from iteration to iteration and is not given back
-- look_alikes: a cache that fills up (then the growth ends); buffers that follow the longest sequence seen so far; fragmentation
-- advice: look for tensors that are kept across iterations (losses summed with their graph, lists of outputs, hooks), for handles
--    that are created and not destroyed, and for communicators or graphs made again and again; compare two snapshots of the
--    allocator some iterations apart
-- symptom: crash
-- root_causes: memory_management_error 0.8; incorrect_implementation 0.2
-- references: Mann-Kendall test; Theil-Sen slope
-- 16 MiB and 1 % of what was held: the driver gives memory in pages of 2 MiB, so less than a few of them may be rounding; below 1 %
--    in the time watched an out-of-memory error is a hundred times that away.
-- p 1e-6: one in a million for one rank, so that 16,384 ranks together raise one false alarm in sixty jobs.
-- rises 0.5 and given_back 0.25: a leak goes up nearly always and hardly ever down; memory that follows the data goes both ways.
-- late_share 1/6: growth that goes on has a third of it in the last third; a cache that fills up has next to nothing there.
SELECT json_group_array(rank) AS ranks, min(since_s) AS at_s, NULL AS since_s, 0.9 AS confidence,
       json_group_array(printf('rank %d holds %.1f MiB after the warm-up and %.1f MiB at the end: %.2f MiB %s%s (trend over %d, up in '
              || '%.0f %% of the samples, %.0f %% of it given back, probability by chance %.1g); %s',
              rank, first_bytes / 1048576.0, last_bytes / 1048576.0,
              growth_bytes / 1048576.0 / CASE by_steps WHEN 1 THEN iterations ELSE 1 END,
              CASE by_steps WHEN 1 THEN 'a step' ELSE 'in all' END,
              CASE WHEN first_bytes > 0 THEN printf(', %.0f %% in all', 100.0 * growth_bytes / first_bytes) ELSE '' END,
              iterations, 100 * rises, 100 * given_back, p,
              CASE peers WHEN 0 THEN 'no other rank does the same work'
              ELSE printf('%d ranks of the same role: %.1f MiB more (median)', peers, peers_growth_bytes / 1048576.0) END)) AS evidence,
       CASE WHEN count(*) = (SELECT count(*) FROM memory_use) AND count(*) > 1 THEN printf('all %d ranks', count(*))
            WHEN count(*) = 1 THEN 'rank ' || min(rank) ELSE 'ranks ' || group_concat(rank, ', ') END
         || printf(' hold%s more and more device memory: %.1f MiB more at the end than after the warm-up',
                   CASE WHEN count(*) = 1 THEN 's' ELSE '' END, max(growth_bytes) / 1048576.0) AS summary
FROM memory_use
WHERE growth_bytes >= 16 * 1048576 AND growth_bytes >= 0.01 * first_bytes AND p <= 1e-6
  AND rises >= 0.5 AND given_back <= 0.25 AND late_share >= 1.0 / 6
HAVING count(*) > 0
