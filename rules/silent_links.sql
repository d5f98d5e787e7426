-- id: view/silent-links
-- view: silent_links
-- description: links on which data are under way and do not arrive
-- 1 s without an acknowledgement: five of the kernel's shortest time-outs (200 ms).
-- What the destination has received beyond what the source knows of shows that the way there works and the way back does not;
--    64 bytes are room for handshakes.
SELECT * FROM kernel_links WHERE stuck_s >= 1 AND bytes_received <= bytes_acked + 64
