/* Fails to compile unless winevt.h and winerror.h say what sources/eventlog.py, recognise/watching.py, and the stand-in say.
 * tests/windows/test_under_wine.py holds this list against those, and against what pywin32 takes the names for. */
#include <stddef.h>
#include <windows.h>
#include <winevt.h>
#define SAME(name, value) _Static_assert((name) == (value), #name)
SAME(ERROR_ACCESS_DENIED, 5);
SAME(ERROR_INVALID_HANDLE, 6);
SAME(ERROR_INVALID_DATA, 13);
SAME(ERROR_INSUFFICIENT_BUFFER, 122);
SAME(ERROR_NO_MORE_ITEMS, 259);
SAME(ERROR_NOT_FOUND, 1168);
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
SAME(EvtSeekOriginMask, 7);
SAME(EvtSeekStrict, 0x10000);
SAME(EvtSubscribeStartAtOldestRecord, 2);
SAME(EvtSubscribeStartAfterBookmark, 3);
SAME(EvtSubscribeOriginMask, 3);
SAME(EvtSubscribeStrict, 0x10000);
SAME(EvtRenderEventXml, 1);
SAME(EvtRenderBookmark, 2);
/* Of winevt.h's types the stand-in uses these; a handle is as wide as pywin32 takes it for. */
SAME(sizeof(EVT_HANDLE), sizeof(HANDLE));
SAME(sizeof(EVT_HANDLE), 8);
SAME(sizeof(EVT_SUBSCRIBE_CALLBACK), 8);
/* Structures: those that pywin32 passes on our behalf when a session or a value is asked for; we ask for neither. */
SAME(sizeof(EVT_VARIANT), 16);
SAME(offsetof(EVT_VARIANT, Count), 8);
SAME(offsetof(EVT_VARIANT, Type), 12);
SAME(sizeof(EVT_RPC_LOGIN), 40);
SAME(offsetof(EVT_RPC_LOGIN, Server), 0);
SAME(offsetof(EVT_RPC_LOGIN, User), 8);
SAME(offsetof(EVT_RPC_LOGIN, Domain), 16);
SAME(offsetof(EVT_RPC_LOGIN, Password), 24);
SAME(offsetof(EVT_RPC_LOGIN, Flags), 32);
/* Of Windows' own structures the stand-in reads this. */
SAME(offsetof(WIN32_FILE_ATTRIBUTE_DATA, nFileSizeLow), 32);
