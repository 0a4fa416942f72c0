/* Fails to compile unless winevt.h and winerror.h say what sources/eventlog.py and recognise/watching.py say. */
#include <windows.h>
#include <winevt.h>
#define SAME(name, value) _Static_assert((name) == (value), #name)
SAME(ERROR_ACCESS_DENIED, 5);
SAME(ERROR_INVALID_HANDLE, 6);
SAME(ERROR_TIMEOUT, 1460);
SAME(RPC_S_UNKNOWN_IF, 1717);
SAME(RPC_S_SERVER_UNAVAILABLE, 1722);
SAME(RPC_S_CALL_FAILED, 1726);
SAME(RPC_S_INVALID_BOUND, 1734);
SAME(EPT_S_NOT_REGISTERED, 1753);
SAME(ERROR_EVT_INVALID_QUERY, 15001);
SAME(ERROR_EVT_CHANNEL_NOT_FOUND, 15007);
SAME(ERROR_EVT_QUERY_RESULT_STALE, 15011);
/* The flags that sources/wevt.py passes through pywin32, by their names there. */
SAME(EvtQueryChannelPath, 0x1);
SAME(EvtQueryForwardDirection, 0x100);
SAME(EvtQueryReverseDirection, 0x200);
SAME(EvtSeekRelativeToFirst, 1);
SAME(EvtSeekRelativeToBookmark, 4);
SAME(EvtSeekStrict, 0x10000);
SAME(EvtSubscribeStartAtOldestRecord, 2);
SAME(EvtSubscribeStartAfterBookmark, 3);
SAME(EvtSubscribeStrict, 0x10000);
SAME(EvtRenderEventXml, 1);
SAME(EvtRenderBookmark, 2);
