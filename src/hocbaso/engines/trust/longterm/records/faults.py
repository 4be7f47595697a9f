"""What can be wrong with an evidence record: a name, a sentence, and whether it may still be mended."""

from __future__ import annotations

from hocbaso.core.errors import DomainError, register

register(
    {
        "record_unreadable": (
            "Không đọc được bản ghi bằng chứng: tệp không đúng quy cách RFC 4998 ({detail}).",
            "Not an evidence record in DER ({detail}).",
        ),
        "record_too_large": (
            "Bản ghi bằng chứng vượt giới hạn nên không được đọc: {what} (giới hạn {limit}).",
            "The evidence record exceeds a limit: {what} (limit {limit}).",
        ),
        "record_encrypted": (
            "Bản ghi bằng chứng nói về dữ liệu đã mã hóa; hệ thống không dùng loại này.",
            "The record states encryptionInfo, which is not supported.",
        ),
        "record_unprotected": (
            "Bản ghi bằng chứng có phần thêm mà không dấu thời gian nào bảo vệ.",
            "The record holds attributes that nothing protects.",
        ),
        "record_algorithm_unknown": (
            "Bản ghi bằng chứng dùng thuật toán băm không được phép.",
            "The record names a hash that is not allowed.",
        ),
        "record_algorithms_differ": (
            "Thuật toán băm ghi trong bản ghi bằng chứng không khớp với các dấu thời gian bên trong.",
            "The hashes named by the record are not those of its time stamps.",
        ),
        "record_other_object": (
            "Tệp {file} không thuộc bản ghi bằng chứng này: bản ghi của học bạ khác, hoặc tệp đã bị sửa.",
            "{file} is not covered by this record: it is another's, or was altered.",
        ),
        "record_member_missing": (
            "Còn thiếu {count} thành phần mà bản ghi bằng chứng bảo vệ. Thầy cô hãy đưa đủ tệp học bạ đã "
            "xuất, hoặc mọi tệp của học bạ trong bản xuất lưu trữ.",
            "{count} data objects of the group were not given.",
        ),
        "record_no_objects": (
            "Chưa có tệp nào để đối chiếu với bản ghi bằng chứng.",
            "No data object was given.",
        ),
        "record_tree": (
            "Cây băm trong bản ghi bằng chứng không đúng: có giá trị bị lặp, thiếu hoặc sai thứ tự.",
            "The reduced hash tree has a repeated, missing or misplaced node.",
        ),
        "record_root": (
            "Cây băm trong bản ghi bằng chứng không dẫn tới dấu thời gian: có giá trị bị sửa hay chuyển chỗ.",
            "The reduced hash tree does not lead to the time stamp.",
        ),
        "record_stamp": (
            "Dấu thời gian {number} của bản ghi bằng chứng không dùng được. {sentence}",
            "Time stamp {number} is not valid: {sentence}",
        ),
        "record_stamp_untrusted": (
            "Không tin được nơi cấp dấu thời gian {number} của bản ghi bằng chứng. {sentence}",
            "The authority of time stamp {number} is not trusted: {sentence}",
        ),
        "record_stamp_unknown": (
            "Chưa xét được nơi cấp dấu thời gian {number} của bản ghi bằng chứng. {sentence}",
            "Nothing is known for certain of the authority of time stamp {number}: {sentence}",
        ),
        "record_time_order": (
            "Dấu thời gian {number} của bản ghi bằng chứng không muộn hơn dấu trước nó.",
            "Time stamp {number} is not later than the one before.",
        ),
        "record_gap": (
            "Bản ghi bằng chứng bị đứt: dấu thời gian {number} đã hết hiệu lực ngày {ended} trước khi được "
            "gia hạn ngày {renewed}.",
            "A gap: time stamp {number} ended {ended}, before its renewal {renewed}.",
        ),
        "record_algorithm_ended": (
            "Thuật toán {name} của dấu thời gian {number} không còn an toàn vào ngày {day}.",
            "Algorithm {name} of time stamp {number} was no longer secure on {day}.",
        ),
        "record_chain_algorithm": (
            "Trong một chuỗi của bản ghi bằng chứng có hai thuật toán băm khác nhau.",
            "One chain of the record uses two hashes.",
        ),
        "record_renewal": (
            "Lần gia hạn {number} không bảo vệ dấu thời gian trước nó.",
            "Renewal {number} does not cover the time stamp before it.",
        ),
        "record_renewal_member": (
            "Lần dựng lại cây băm {number} thiếu một thành phần của học bạ, hoặc bảo vệ một lịch sử khác.",
            "Hash-tree renewal {number} misses a data object, or covers another history.",
        ),
        "record_not_renewed": (
            "Dấu thời gian cuối của bản ghi bằng chứng đã hết hiệu lực ngày {ended} mà chưa được gia hạn, "
            "nên chưa kết luận được.",
            "The last time stamp ended {ended} and was not renewed.",
        ),
        "record_stranger": (
            "Bản ghi bằng chứng kèm theo chứng thư hoặc danh sách thu hồi không rõ ai cấp.",
            "The record carries certificates or revocation data that nobody vouches for.",
        ),
        "record_damaged_evidence": (
            "Chứng thư hoặc danh sách thu hồi kèm theo bản ghi bằng chứng đã bị sửa hoặc không đọc được.",
            "Certificates or revocation data carried by the record were altered or cannot be read.",
        ),
        "record_no_bundle": (
            "Chưa có gói tin cậy nên chưa xét được nơi cấp dấu thời gian của bản ghi bằng chứng.",
            "No trust bundle was given.",
        ),
        "record_no_algorithm": (
            "Chính sách lưu trữ không còn thuật toán băm nào đủ lâu bền để dựng lại cây băm.",
            "The policy knows no hash that lasts long enough.",
        ),
    }
)

#: Faults that say "not known", not "wrong": more data, or a renewal, can still make the record good.
OPEN = frozenset(
    {
        "record_stamp_unknown",
        "record_not_renewed",
        "record_stranger",
        "record_no_bundle",
        "record_no_objects",
        "record_member_missing",
    }
)


class RecordFault(DomainError):
    """A fault of an evidence record by its name (``code``)."""

    @property
    def open(self) -> bool:
        """Whether nothing is wrong, but something is not known."""
        return self.code in OPEN
