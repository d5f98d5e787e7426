-- id: view/slow-transfer-parts
-- view: slow_transfer_parts
-- description: slow_transfers that matter, with what is said of each: a link, all that a rank sends, or all that it receives
-- The table holds what would be chance in less than one of 1,000 findings (analyzer/localize/matrix_fit.h).
-- factor 1.15: 1.2 must be found, and the estimate of a true 1.2 scatters by a few per cent.
-- 50 us of a small step: what waking a sleeping thread costs, which differs from process to process on a busy host.
-- share 2 %: below it the slow steps cost less of the job's time than ordinary jitter of iterations.
SELECT *, CASE part WHEN 'rank_tx' THEN source WHEN 'rank_rx' THEN destination END AS rank,
       CASE part WHEN 'rank_tx' THEN printf('rank %d sends to %d ranks', source, links)
                 WHEN 'rank_rx' THEN printf('rank %d receives from %d ranks', destination, links)
                 ELSE printf('rank %d to rank %d', source, destination) END
         || printf(': %.3f ms%s, normal %.3f ms (lower deciles of %d steps, factor %.2f, against %s; false discovery rate %.0e; %.0f %% of the time)%s',
              1e3 * measured_s, CASE kind WHEN 'per_mib' THEN ' for a MiB' ELSE ' a step' END, 1e3 * normal_s, steps, factor,
              CASE recent WHEN 1 THEN 'its own earlier times' ELSE 'the other links' END, q, min(100, 100 * share),
              CASE alone WHEN 1 THEN '; the only connection seen of one of them, which may be what is slow' ELSE '' END) AS evidence
FROM slow_transfers
WHERE factor >= 1.15 AND share >= 0.02 AND (kind = 'per_mib' OR measured_s - normal_s >= 0.00005)
