#!/usr/bin/env python3
"""Writes labelled sentences with made-up personal data for packages/data/src/personal-data/labelled-set.test.ts.

    python scripts/reference/personal_data.py > packages/data/fixtures/personal-data/generated.jsonl

Every number is drawn at random and given its check digits here, apart from the code that looks for them. A datum is marked as
{{kind|text}}; a sentence without a mark holds none. Nobody's data is in it but by chance.
"""

import json
import random

RANDOM = random.Random(20261128)
EACH = 120
DIGITS = "0123456789"
WIDE = str.maketrans("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ@.+-", "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ＠．＋－")
CHINESE = str.maketrans(DIGITS, "零一二三四五六七八九")
CHINESE_ROUND = str.maketrans(DIGITS, "〇幺二三四五六七八九")

pick = RANDOM.choice


def digits(count: int) -> str:
    return "".join(pick(DIGITS) for _ in range(count))


def grouped(text: str, lengths: list[int], separator: str) -> str:
    parts, at = [], 0
    for length in lengths:
        parts.append(text[at : at + length])
        at += length
    return separator.join(parts)


def mobile() -> str:
    prefixes = "130 131 132 133 134 135 136 137 138 139 145 147 150 151 152 153 155 156 157 158 159 165 166 170 171 173 175 176 177 178 180 181 182 183 184 185 186 187 188 189 190 191 193 195 196 197 198 199"
    number = pick(prefixes.split()) + digits(8)
    form = RANDOM.randrange(12)
    if form < 4:
        return number
    return [
        grouped(number, [3, 4, 4], " "),
        grouped(number, [3, 4, 4], "-"),
        "+86 " + number,
        "+86-" + grouped(number, [3, 4, 4], "-"),
        number.translate(WIDE),
        number.translate(CHINESE),
        number.translate(CHINESE_ROUND),
        "86" + number,
    ][form - 4]


def landline() -> str:
    area = pick(["010", "021", "022", "023", "024", "025", "027", "028", "029", "0311", "0371", "0431", "0512", "0532", "0571", "0591", "0731", "0755", "0898"])
    number = pick("2345678") + digits(7 if len(area) == 3 or RANDOM.random() < 0.7 else 6)
    return pick(
        [
            f"{area}-{number}",
            f"{area} {number}",
            f"({area}){number}",
            f"（{area}）{number}",
            f"{area}{number}",
            f"{area}-{number}-{pick('1234568')}{digits(2)}",
            f"{area}－{number}".translate(WIDE),
            f"{area}-{number[:4]}-{number[4:]}",
        ]
    )


def american() -> str:
    area, office, line = pick("235679") + digits(1) + pick("12345679"), pick("23456789") + digits(2), digits(4)
    return pick(
        [
            f"({area}) {office}-{line}",
            f"{area}-{office}-{line}",
            f"{area}.{office}.{line}",
            f"+1 {area} {office} {line}",
            f"+1-{area}-{office}-{line}",
            f"1-{area}-{office}-{line}",
            f"+1{area}{office}{line}",
            f"({area}){office}-{line}",
        ]
    )


def british() -> str:
    cell = "7" + pick("345789") + digits(8)
    return pick(
        [
            f"+44 {cell[:4]} {cell[4:]}",
            f"+44{cell}",
            f"0{cell[:4]} {cell[4:]}",
            f"0{cell[:4]} {cell[4:7]} {cell[7:]}",
            f"020 {pick('378')}{digits(3)} {digits(4)}",
            f"0161 {pick('2345678')}{digits(2)} {digits(4)}",
            f"+44 20 {pick('378')}{digits(3)} {digits(4)}",
        ]
    )


def birthday() -> str:
    return f"{RANDOM.randint(1945, 2012)}{RANDOM.randint(1, 12):02d}{RANDOM.randint(1, 28):02d}"


PROVINCES = "11 12 13 14 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 61 62 64 65".split()


def identity() -> str:
    body = pick(PROVINCES) + pick(["0101", "0102", "0105", "0203", "0301", "0523"]) + birthday() + digits(3)
    number = body + "10X98765432"[sum(int(d) * w for d, w in zip(body, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11]
    if RANDOM.random() < 0.12:
        return pick(PROVINCES) + "0102" + birthday()[2:] + digits(3)
    form = RANDOM.randrange(8)
    if form < 4:
        return number
    return [number.lower(), grouped(number, [6, 8, 4], " "), grouped(number, [6, 4, 4, 4], "-"), number.translate(WIDE)][form - 4]


def luhn(body: str) -> str:
    total = 0
    for index, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def card() -> str:
    prefix, length = pick([("622202", 19), ("621700", 19), ("622848", 19), ("621661", 19), ("622588", 16), ("625966", 16), ("4539", 16), ("4916", 16), ("5425", 16), ("5105", 16), ("3782", 15), ("6011", 16)])
    number = luhn(prefix + digits(length - len(prefix) - 1))
    if length == 15:
        return number
    form = RANDOM.randrange(5)
    lengths = [4, 4, 4, 4, 3] if length == 19 else [4, 4, 4, 4]
    return [number, number, grouped(number, lengths, " "), grouped(number, lengths, "-"), number.translate(WIDE)][form]


CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code() -> str:
    body = pick(["91", "92", "93", "52", "12", "11"]) + pick(PROVINCES) + pick(["0101", "0108", "0302"]) + "MA" + "".join(pick(CODE) for _ in range(7))
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    number = body + CODE[-sum(CODE.index(c) * w for c, w in zip(body, weights)) % 31]
    return pick([number, number, number.lower(), number.translate(WIDE)])


def iban() -> str:
    country, length = pick([("DE", 22), ("GB", 22), ("FR", 27), ("NL", 18), ("ES", 24), ("IT", 27), ("CH", 21)])
    body = {"GB": "".join(pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(4)), "NL": "ABNA", "IT": "X"}.get(country, "")
    body += digits(length - 4 - len(body))
    number = int("".join(str(int(c, 36)) for c in body + country + "00"))
    text = f"{country}{98 - number % 97:02d}{body}"
    return pick([text, " ".join(text[i : i + 4] for i in range(0, len(text), 4))])


def ssn() -> str:
    area = pick([n for n in range(1, 900) if n != 666])
    return f"{area:03d}-{RANDOM.randint(1, 99):02d}-{RANDOM.randint(1, 9999):04d}"


def email() -> str:
    user = pick(["zhangsan", "li.si", "wang_wu88", "j.smith", "anna-b", "service2024", "x", "Tom.Lee+shop", digits(9), "小明".encode("punycode").decode().strip("-")])
    domain = pick(["qq.com", "163.com", "126.com", "gmail.com", "outlook.com", "foxmail.com", "company.com.cn", "mail.example.co.uk", "pku.edu.cn", "sina.cn"])
    text = f"{user}@{domain}"
    return pick([text, text, text, text.upper(), text.translate(str.maketrans("@.", "＠．"))])


PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def plate() -> str:
    region = pick("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼") + pick("ABCDEFGHJKLMN")
    form = RANDOM.randrange(8)
    tail = [
        digits(5),
        pick(PLATE) + digits(4),
        digits(1) + pick(PLATE) + digits(3),
        digits(3) + pick(PLATE) + pick(PLATE),
        pick("DF") + digits(5),
        pick("DF") + pick(PLATE) + digits(4),
        digits(5) + pick("DF"),
        digits(4) + pick("学警挂"),
    ][form]
    number = region + pick(["", "", "·", " "]) + tail
    return pick([number, number, number.lower(), number.translate(WIDE)])


def ip() -> str:
    if RANDOM.random() < 0.2:
        return ":".join(f"{RANDOM.randrange(65536):x}" for _ in range(8))
    return ".".join(str(n) for n in [RANDOM.randint(11, 223), RANDOM.randint(0, 255), RANDOM.randint(0, 255), RANDOM.randint(1, 254)])


def location() -> str:
    latitude, longitude = RANDOM.uniform(18, 53), RANDOM.uniform(74, 134)
    return pick([f"{latitude:.6f},{longitude:.6f}", f"{longitude:.5f}, {latitude:.5f}", f"{latitude:.4f}，{longitude:.4f}"])


def passport() -> str:
    return pick(["E" + digits(8), "G" + digits(8), "E" + pick("ABCDEFGHJ") + digits(7)])


def wechat() -> str:
    return pick(["abc_", "wx-", "Lily", "xiaoming", "zhang.".replace(".", "_")]) + digits(4)


def order() -> str:
    return pick([digits(12), digits(18), "DD" + digits(10), "2026" + digits(14), "A" + digits(9)])


SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN = ["伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超", "秀英", "桂英", "建国", "志强", "晓燕", "雨桐", "子涵", "浩然", "欣怡", "思远", "梓轩"]


def name() -> str:
    return pick(SURNAMES) + pick(GIVEN)


def address() -> str:
    return pick(["北京市海淀区中关村大街", "上海市浦东新区张杨路", "广州市天河区体育西路", "成都市武侯区人民南路四段", "杭州市西湖区文三路", "深圳市南山区科苑路", "武汉市洪山区珞喻路"]) + f"{RANDOM.randint(1, 999)}号" + pick(
        [f"{RANDOM.randint(1, 20)}栋{RANDOM.randint(1, 6)}单元{RANDOM.randint(101, 2906)}室", f"{RANDOM.randint(1, 20)}号楼{RANDOM.randint(101, 2906)}室", f"{pick(['阳光花园', '幸福小区', '翠湖苑'])}{RANDOM.randint(1, 30)}幢{RANDOM.randint(101, 1802)}室"]
    )


#: For each kind what makes one and sentences to put it in.
POSITIVE = {
    "phone": (
        [mobile, mobile, mobile, landline, landline],
        ["我的手机号是{}，请尽快联系我", "电话{}", "打{}就行", "联系人电话：{}。", "您可以致电{}咨询，工作时间9:00-18:00", "加我{}", "号码给你：{}，姓李", "{}，这个号一直打不通", "我2026年3月5日换了号码，新的是{}", "收货手机 {} 别打错了", "请拨打{}（24小时）", "原来的{}停机了"],
    ),
    "phone-en": (
        [american, british],
        ["My number is {}.", "Call me at {} after 5 pm", "You can reach us on {}, thanks", "phone: {}", "Please text {} when it ships", "I changed my phone to {} on 3/5/2026.", "fax {} or mail"],
    ),
    "identity-card": ([identity], ["身份证号{}", "我的身份证是{}，麻烦核对", "证件号码：{}", "实名认证 {} 一直失败", "入住人身份证{}。", "ID card {} please check", "帮我查一下{}这个身份证下的订单"]),
    "bank-card": ([card], ["卡号{}", "退款到{}这张卡", "银行卡 {}，农行的", "my card number is {}", "The card {} was charged twice.", "请把钱打到{}", "尾号不对，完整卡号是{}。"]),
    "credit-code": ([credit_code], ["税号{}", "统一社会信用代码：{}", "开票信息：公司名称某某科技，{}", "发票抬头写公司，代码 {}。"]),
    "iban": ([iban], ["My IBAN is {}", "Please refund to {}.", "IBAN: {}", "transfer it to {}, thanks"]),
    "ssn": ([ssn], ["My SSN is {}", "SSN: {}", "social security number {}.", "{} is my social"]),
    "email": ([email], ["邮箱{}", "发到{}", "我的邮箱是{}，谢谢", "email me at {}.", "Contact: {}", "请把发票发送至{}，抬头个人", "<{}>"]),
    "plate": ([plate], ["车牌号{}", "我的车是{}", "车牌：{}，停在B2", "{}挡住我了", "帮{}办个月卡", "请挪一下{}的车"]),
    "ip": ([ip], ["IP是{}", "从{}登录的", "my IP is {}", "异地登录：{}。", "server {} is down"]),
    "location": ([location], ["坐标{}", "我在{}附近", "定位：{}", "GPS {} please", "车停在 {} 这里"]),
    "passport": ([passport], ["护照号{}", "护照：{}", "passport number {}", "My passport no. is {}."]),
    "wechat": ([wechat], ["微信号{}", "加微信：{}", "我的微信是{}", "wechat: {}", "vx:{}", "WeChat ID {}"]),
    "qq": ([lambda: pick("123456789") + digits(RANDOM.randint(5, 9))], ["QQ{}", "我的QQ号是{}", "qq：{}", "加扣扣{}", "QQ群{}"]),
    "order-number": ([order], ["订单号{}", "订单编号：{}，还没发货", "快递单号{}", "单号 {} 查不到", "order number {}", "Order #{}", "tracking number: {}", "运单号是{}"]),
    "name": ([name], ["我叫{}，想退货", "收件人：{}", "联系人{}。", "姓名：{}，已付款", "您好，我是{}。", "请转{}先生接听", "户名是{}"]),
    "address": ([address], ["收货地址：{}", "我家住{}", "寄到{}", "地址改成{}，谢谢", "送到{}就行", "{}，麻烦今天送"]),
}


def negative() -> str:
    n = RANDOM.randint
    return pick(
        [
            lambda: f"一共{n(10, 99999)}.{digits(2)}元",
            lambda: f"人均消费{n(30, 900)}-{n(901, 2000)}元，评分4.{n(0, 9)}分",
            lambda: f"{n(2000, 2026)}年{n(1, 12)}月{n(1, 28)}日{n(0, 23)}:{n(10, 59)}",
            lambda: f"{n(2000, 2026)}-{n(10, 12)}-{n(10, 28)} {n(10, 23)}:{n(10, 59)}:{n(10, 59)}",
            lambda: f"住{n(1, 30)}层{n(101, 3010)}房间，要{n(1, 9)}间大床房",
            lambda: f"{n(100, 2999)}号房的空调坏了",
            lambda: f"要{n(2, 500)}件，每件{n(5, 300)}元，共{n(1000, 90000)}元",
            lambda: f"订单金额{n(10000, 9999999)}元",
            lambda: f"版本号{n(1, 20)}.{n(0, 20)}.{n(0, 99)}.{n(0, 999)}",
            lambda: f"version {n(1, 20)}.{n(0, 20)}.{n(0, 99)}.{n(0, 99)} is out",
            lambda: f"时间戳{n(1500000000, 1800000000)}",
            lambda: f"商品编码{digits(13)}",
            lambda: f"ISBN 978-7-{digits(4)}-{digits(4)}-{digits(1)}",
            lambda: f"型号 {pick('ABXZ')}{pick('KMQ')}-{digits(4)}{pick('ABC')}",
            lambda: f"播放量{n(10000000, 99999999)}次",
            lambda: f"注册资本{n(1, 9)}0000000000元",
            lambda: f"比分{n(80, 120)}-{n(80, 120)}，第{n(1, 4)}节",
            lambda: f"{n(100, 999)} x {n(100, 999)} 像素，{n(1000, 99999)} KB",
            lambda: f"It costs ${n(10, 9999)}.{digits(2)} for {n(2, 30)} nights",
            lambda: f"Room {n(100, 999)}, {n(1, 9)} guests, check in {n(1, 12)}/{n(1, 28)}/2026",
            lambda: f"@{pick(['小王', 'support', 'all'])} 看一下{n(1, 99)}楼",
            lambda: f"请按{n(1, 9)}，人工服务请按0，会员热线95{digits(3)}",
            lambda: f"拨打110或120，客服400-{digits(3)}-{digits(4)}",
            lambda: f"圆周率3.1415926535{digits(3)}",
            lambda: f"{digits(1)}{n(1, 9)}{digits(2)}万平方米，海拔{n(100, 8000)}米",
            lambda: f"第{n(1, 300)}页，共{n(301, 900)}页",
            lambda: f"公交{n(1, 999)}路到{pick(['人民路', '解放路', '中山路'])}站，{n(2, 30)}站",
            lambda: f"在{pick(['王府井大街', '南京路', '春熙路'])}{n(1, 300)}号，营业到{n(18, 23)}:00",
            lambda: f"地铁{n(1, 19)}号线{pick('ABCD')}口出，步行{n(100, 900)}米",
            lambda: f"Pick {n(1, 50)} {n(1, 50)} {n(1, 50)} {n(1, 50)}",
            lambda: f"A{n(1, 4)}纸{n(100, 900)}张，B{n(1, 5)}{n(10, 99)}型",
            lambda: f"身份证办理需要{n(5, 30)}个工作日，工本费{n(20, 40)}元",
            lambda: f"银行卡年费{n(10, 300)}元，卡号在正面",
            lambda: f"微信支付立减{n(5, 50)}元，QQ音乐会员{n(5, 30)}元",
            lambda: f"{pick(['王府', '张家界', '李子坝'])}酒店{n(200, 900)}元起",
            lambda: f"评分{n(1, 4)}.{digits(1)}，{n(1000, 90000)}条评论",
            lambda: f"学号{n(2015, 2026)}{digits(6)}",
            lambda: f"邮编{n(100000, 899999)}",
            lambda: f"{n(2, 9)}{digits(2)} {digits(2)} {n(10, 99)}",
            lambda: f"流水{digits(10)}不存在",
        ]
    )()


def main() -> None:
    for kind, (makers, sentences) in POSITIVE.items():
        label = kind.removesuffix("-en")
        for index in range(EACH):
            mark = "{{" + label + "|" + makers[index % len(makers)]() + "}}"
            print(json.dumps({"text": sentences[index % len(sentences)].replace("{}", mark)}, ensure_ascii=False))
    for _ in range(900):
        print(json.dumps({"text": negative()}, ensure_ascii=False))


main()
