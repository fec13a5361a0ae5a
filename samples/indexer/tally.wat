;; A small indexer: it adds up the bytes of all blocks and keeps the header of each.
;;
;; Keys: "total" has the sum, 8 bytes little endian; "header/" and a height, 4 bytes little endian, the 80 bytes of a header.
;; Views: total takes nothing; header takes a height, 4 bytes little endian.
;;
;; Build it with: wat2wasm samples/indexer/tally.wat -o tally.wasm
(module
  (import "env" "__host_len" (func $host_len (result i32)))
  (import "env" "__load_input" (func $load_input (param i32)))
  (import "env" "__get_len" (func $get_len (param i32) (result i32)))
  (import "env" "__get" (func $get (param i32 i32)))
  (import "env" "__flush" (func $flush (param i32)))
  (memory (export "memory") 2)

  ;; Every pointer that is handed to the host has the length of what it points at in the 4 bytes before it.
  (data (i32.const 1020) "\05\00\00\00total")
  (data (i32.const 1096) "\0b\00\00\00header/\00\00\00\00")

  ;; What a block flushes: total = 8 bytes at 2057, header/ and a height at 2074 = 80 bytes at 2080.
  (data (i32.const 2044) "\70\00\00\00"
    "\0a\05total" "\0a\08\00\00\00\00\00\00\00\00"
    "\0a\0bheader/\00\00\00\00" "\0a\50")

  ;; Loads the input behind the first page, and says how long it is.
  (func $input (result i32)
    (local $length i32)
    (local $pages i32)
    (local.set $length (call $host_len))
    (local.set $pages (i32.add (i32.shr_u (i32.add (local.get $length) (i32.const 65535)) (i32.const 16)) (i32.const 1)))
    (if (i32.gt_u (local.get $pages) (memory.size))
      (then
        (if (i32.eq (memory.grow (i32.sub (local.get $pages) (memory.size))) (i32.const -1))
          (then unreachable))))
    (call $load_input (i32.const 65536))
    (local.get $length))

  ;; Reads the value of a key to 4096, with its length before it.
  (func $read (param $key i32) (result i32)
    (i32.store (i32.const 4092) (call $get_len (local.get $key)))
    (call $get (local.get $key) (i32.const 4096))
    (i32.const 4096))

  (func (export "_start")
    (local $length i32)
    (local $total i64)
    (local.set $length (call $input))
    ;; Less than a height and a header is no block.
    (if (i32.lt_u (local.get $length) (i32.const 84)) (then unreachable))
    (drop (call $read (i32.const 1024)))
    (if (i32.eq (i32.load (i32.const 4092)) (i32.const 8))
      (then (local.set $total (i64.load (i32.const 4096)))))
    (i64.store (i32.const 2057) (i64.add (local.get $total) (i64.extend_i32_u (i32.sub (local.get $length) (i32.const 4)))))
    (i32.store (i32.const 2074) (i32.load (i32.const 65536)))
    (memory.copy (i32.const 2080) (i32.const 65540) (i32.const 80))
    (call $flush (i32.const 2048)))

  (func (export "total") (result i32)
    (call $read (i32.const 1024)))

  (func (export "header") (result i32)
    (if (i32.ne (call $input) (i32.const 8)) (then unreachable))
    (i32.store (i32.const 1107) (i32.load (i32.const 65540)))
    (call $read (i32.const 1100)))
)
