-- id: view/silent-links
-- view: silent_links
-- description: links on which data are under way and do not arrive
-- 1 s without an acknowledgement: five of the kernel's shortest time-outs (200 ms). What has arrived does not count as stuck
--    (tracer/kernel/kernel_record.h): then the way there works, and the way back does not.
SELECT * FROM kernel_links WHERE stuck_s >= 1
